#include "pipelines/checkpoint_copy.h"

#include "onestep/base/check.h"

#include "testing/golden.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>

namespace onestep::testing {

namespace fs = std::filesystem;

TemporaryFolder::TemporaryFolder() {
  std::string name = (fs::temp_directory_path() / "onestep_test_XXXXXX").string();
  check(mkdtemp(name.data()) != nullptr, name, ": cannot create a temporary folder");
  path_ = name;
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

fs::path copy_golden_model(const std::string& model,
                           const fs::path& parent,
                           const std::string& name) {
  const fs::path target = parent / name;
  fs::copy(fs::path(golden_root()) / "models" / model, target, fs::copy_options::recursive);
  return target;
}

void edit_json(const fs::path& file, const std::function<void(nlohmann::json&)>& change) {
  nlohmann::json json = nlohmann::json::parse(std::ifstream(file));
  change(json);
  write_text(file, json.dump(1));
}

void write_text(const fs::path& file, const std::string& text) {
  std::ofstream stream(file);
  stream << text;
  check(stream.good(), file.string(), ": cannot write");
}

std::string error_of(const std::function<void()>& action) {
  try {
    action();
  } catch (const Error& error) {
    const std::string message = error.what();
    EXPECT_EQ(message.find('\n'), std::string::npos) << "more than one line: " << message;
    return message;
  }
  ADD_FAILURE() << "no Error was thrown";
  return "";
}

}  // namespace onestep::testing
