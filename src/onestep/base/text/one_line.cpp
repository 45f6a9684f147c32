#include "onestep/base/text/one_line.h"

namespace onestep {
namespace {

/// U+0080 to U+009F, which terminals obey too, are two bytes: 0xC2 and this one.
bool is_second_of_control(std::string_view text, std::size_t i) {
  const auto byte = static_cast<unsigned char>(text[i]);
  return byte >= 0x80 && byte < 0xA0 && i > 0 && text[i - 1] == '\xC2';
}

bool is_first_of_control(std::string_view text, std::size_t i) {
  return text[i] == '\xC2' && i + 1 < text.size() && is_second_of_control(text, i + 1);
}

bool continues_character(char c) {
  return (static_cast<unsigned char>(c) & 0xC0) == 0x80;
}

}  // namespace

std::string one_line(std::string_view text) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string line;
  line.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const auto byte = static_cast<unsigned char>(c);
    if (c == '\n') {
      line += "\\n";
    } else if (c == '\r') {
      line += "\\r";
    } else if (c == '\t') {
      line += "\\t";
    } else if (byte < 0x20 || byte == 0x7f || is_first_of_control(text, i) ||
               is_second_of_control(text, i)) {
      line += {'\\', 'x', kDigits[byte / 16], kDigits[byte % 16]};
    } else {
      line += c;
    }
  }
  return line;
}

std::string one_line(std::string_view text, std::size_t longest) {
  if (text.size() <= longest) return one_line(text);
  std::size_t end = longest;
  while (end > 0 && continues_character(text[end])) --end;
  return one_line(text.substr(0, end)) + "...";
}

}  // namespace onestep
