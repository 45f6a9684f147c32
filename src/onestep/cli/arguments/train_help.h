#pragma once

#include <string>

namespace onestep {

/// What `onestep train --help` prints.
std::string train_help();

}  // namespace onestep
