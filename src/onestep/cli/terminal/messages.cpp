#include "onestep/cli/terminal/messages.h"

#include "onestep/cli/terminal/standard_streams.h"

#include <unistd.h>

namespace onestep {

void print_message(std::string_view text) {
  const std::string line = "onestep: " + one_line(text) + "\n";
  write_standard_stream(STDERR_FILENO, line);
}

}  // namespace onestep
