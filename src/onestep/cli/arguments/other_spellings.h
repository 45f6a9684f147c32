#pragma once

#include "onestep/cli/commands.h"

#include <span>
#include <string>

namespace onestep {

/// An option as Marigold's scripts spell it.
struct OtherSpelling {
  std::string theirs;  ///< "--denoise_steps"
  std::string ours;    ///< "--steps"; empty: understood, without effect here
};

std::span<const OtherSpelling> other_spellings();

/// `arguments` with Marigold's options in our spelling, up to a "--". Its "nearest" resampling is
/// our nearest-exact.
Arguments in_our_spelling(const Arguments& arguments);

}  // namespace onestep
