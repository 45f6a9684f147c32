#pragma once

#include <string>

namespace onestep {

/// docs/licences.md as it was when the program was built, and the versions that it was built with:
/// what `onestep licences` prints.
std::string licences_text();

}  // namespace onestep
