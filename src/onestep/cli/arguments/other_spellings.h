#pragma once

#include "onestep/cli/commands.h"

#include <map>
#include <span>
#include <string>

namespace onestep {

/// An option as the scripts of Marigold and its relatives spell it.
struct OtherSpelling {
  std::string theirs;  ///< "--denoise_steps"
  std::string ours;    ///< "--steps"; empty: understood, without effect here
};

std::span<const OtherSpelling> other_spellings();

/// An option of their scripts that has no counterpart, and what to tell who types it.
struct RefusedSpelling {
  std::string theirs;
  std::string why;
};

std::span<const RefusedSpelling> refused_spellings();

/// The words of a command line in our spelling.
struct TranslatedArguments {
  Arguments words;
  std::map<std::string, std::string> typed;  ///< what was typed in place of our long names
};

/// `arguments` with Marigold's options in our spelling, up to a "--". Its "nearest" resampling is
/// our nearest-exact. Throws UsageError for a refused spelling.
TranslatedArguments in_our_spelling(const Arguments& arguments);

}  // namespace onestep
