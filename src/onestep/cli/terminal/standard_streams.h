#pragma once

#include <string_view>

namespace onestep {

/// To be called first. A closed standard stream would give its number to the next file that is
/// opened, and results would then be written into that file: each closed one is occupied. Files
/// that outgrow the shell's limit become failed writes instead of the end of the program.
void protect_standard_streams();

/// Writes one line of results to stdout at once. Control characters are the caller's business.
void print_result(std::string_view line);

/// Throws Error when stdout could not take all that was printed.
void flush_results();

}  // namespace onestep
