#pragma once

#include <string>

namespace onestep {

/// What stands above the options in `onestep predict --help`.
extern const char kPredictDescription[];

/// What stands below them: the files, Marigold's spellings, examples.
std::string predict_footer();

}  // namespace onestep
