#include "onestep/cli/photographs/name_list.h"

#include "onestep/base/check.h"

#include <string>

namespace onestep {

std::vector<std::filesystem::path> read_name_list(std::istream& stream,
                                                  NameSeparator separator,
                                                  std::size_t limit) {
  const char end = separator == NameSeparator::null ? '\0' : '\n';
  std::vector<std::filesystem::path> names;
  std::string name;
  std::size_t bytes = 0;
  const auto finish = [&] {
    if (!name.empty()) names.emplace_back(name);
    name.clear();
  };
  for (int c = stream.get(); c != std::istream::traits_type::eof(); c = stream.get()) {
    check(++bytes <= limit, "standard input: expected a list of names, found more than ", limit,
          " bytes; split it");
    if (static_cast<char>(c) == end) {
      finish();
    } else {
      name.push_back(static_cast<char>(c));
    }
  }
  check(!stream.bad(), "standard input: expected a list of names, found that it cannot be read");
  finish();
  return names;
}

}  // namespace onestep
