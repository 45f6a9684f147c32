#include "onestep/cli/terminal/messages.h"

#include "onestep/cli/terminal/standard_streams.h"

#include <unistd.h>

namespace onestep {

std::string one_line(std::string_view text) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string line;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '\n') {
      line += "\\n";
    } else if (c == '\r') {
      line += "\\r";
    } else if (c == '\t') {
      line += "\\t";
    } else if (byte < 0x20 || byte == 0x7f) {
      line += {'\\', 'x', kDigits[byte / 16], kDigits[byte % 16]};
    } else {
      line += c;
    }
  }
  return line;
}

void print_message(std::string_view text) {
  const std::string line = "onestep: " + one_line(text) + "\n";
  write_standard_stream(STDERR_FILENO, line);
}

}  // namespace onestep
