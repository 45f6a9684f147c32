#pragma once

#include <string_view>

namespace onestep {

/// To be called first. A closed standard stream would give its number to the next file that is
/// opened, and results would then be written into that file: each closed one is occupied. Files
/// that outgrow the shell's limit become failed writes instead of the end of the program.
void protect_standard_streams();

// Note [Stalled streams]: a write to a pipe that nobody reads, or to a terminal that was halted,
// waits for ever, and a signal does not end the wait in another thread than the one that it
// interrupts. So nothing is written to a standard stream before the system says that it takes
// more, and once a signal asks for the end a stream that takes nothing is given up.

/// Writes to stdout or stderr at once, past stdio. Returns the system's error number, 0 when all
/// was written, ECANCELED when a signal ended the wait.
int write_standard_stream(int stream, std::string_view text);

/// Writes one line of results to stdout at once. Control characters are the caller's business.
void print_result(std::string_view line);

/// Throws Error when stdout could not take all that was printed.
void check_results();

}  // namespace onestep
