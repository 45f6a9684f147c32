#pragma once

#include "onestep/pipelines/prediction.h"

#include <string>

namespace onestep {

/// Where the time of one photograph went, as lines of text: its stages, within them the kinds of
/// operations and, as "other", what is in none; the rows of a level add up to the one above, the
/// stages to the whole.
std::string profile_table(const Prediction& prediction);

}  // namespace onestep
