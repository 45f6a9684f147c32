#pragma once

#include "onestep/pipelines/prediction.h"

#include <string>

namespace onestep {

/// Where the time of one photograph went, as lines of text: its stages, within them the kinds of
/// operations and, as "other", what is in none; the rows of a level add up to the one above, the
/// stages to the whole. The last row is all of the photograph that is in no operation.
std::string profile_table(const Prediction& prediction);

}  // namespace onestep
