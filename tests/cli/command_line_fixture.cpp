#include "cli/command_line_fixture.h"

#include "onestep/io/png.h"

#include "testing/golden.h"

#include <algorithm>
#include <sstream>

namespace onestep::testing {

namespace fs = std::filesystem;

std::vector<std::string> CommandLine::command(const std::vector<std::string>& arguments) const {
  std::vector<std::string> words = {ONESTEP_PROGRAM};
  words.insert(words.end(), arguments.begin(), arguments.end());
  return words;
}

ProcessResult CommandLine::run(const std::vector<std::string>& arguments,
                               ProcessOptions options) const {
  options.folder = folder();
  return run_process(command(arguments), options);
}

std::string CommandLine::photograph(const std::string& name, int width, int height) const {
  Array pixels(DType::uint8, {height, width, 3});
  const auto values = pixels.mutable_view<std::uint8_t>();
  std::uint32_t noise = 1;
  for (int i = 0; i < height * width; ++i) {
    noise = noise * 1664525u + 1013904223u;
    const auto at = static_cast<std::size_t>(3 * i);
    values[at] = static_cast<std::uint8_t>(255 * (i % width) / width);
    values[at + 1] = static_cast<std::uint8_t>(255 * (i / width) / height);
    values[at + 2] = static_cast<std::uint8_t>(noise >> 24);
  }
  const fs::path path = folder() / name;
  fs::create_directories(path.parent_path());
  write_png(path, pixels);
  return name;
}

std::string CommandLine::model(const std::string& name) {
  return (fs::path(golden_root()) / "models" / name).string();
}

bool CommandLine::exists(const std::string& name) const {
  return fs::exists(folder() / name);
}

std::vector<std::string> CommandLine::files_in(const std::string& name) const {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(folder() / name)) {
    names.push_back(entry.path().filename().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

std::vector<std::string> lines_of(const std::string& text) {
  std::istringstream stream(text);
  std::vector<std::string> lines;
  std::string line;
  while (std::getline(stream, line)) lines.push_back(line);
  return lines;
}

::testing::AssertionResult says_one_line(const ProcessResult& result,
                                         const std::vector<std::string>& parts) {
  const auto refuse = [&](const std::string& why) {
    return ::testing::AssertionFailure() << why << "; stderr is:\n" << result.err;
  };
  if (lines_of(result.err).size() != 1) return refuse("not one line");
  if (!result.err.starts_with("onestep: ")) return refuse("does not begin with the program's name");
  for (const std::string& part : parts) {
    if (result.err.find(part) == std::string::npos) return refuse("does not say \"" + part + "\"");
  }
  return ::testing::AssertionSuccess();
}

}  // namespace onestep::testing
