#include "onestep/cli/terminal/messages.h"

#include <cstdio>
#include <string>

namespace onestep {

void print_message(std::string_view text) {
  const std::string line = "onestep: " + one_line(text) + "\n";
  std::fwrite(line.data(), 1, line.size(), stderr);
}

}  // namespace onestep
