#pragma once

#include <nlohmann/json.hpp>

#include <filesystem>
#include <functional>
#include <string>

namespace onestep::testing {

/// A new folder that is removed with everything in it.
class TemporaryFolder {
 public:
  TemporaryFolder();
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

/// A copy of a golden model ("tiny_e2e_depth") inside `parent` under `name`, to be changed by a
/// test.
std::filesystem::path copy_golden_model(const std::string& model,
                                        const std::filesystem::path& parent,
                                        const std::string& name = "model");

/// Reads a JSON file, lets `change` work on it, writes it back.
void edit_json(const std::filesystem::path& file,
               const std::function<void(nlohmann::json&)>& change);

void write_text(const std::filesystem::path& file, const std::string& text);

/// Whether a message holds these words.
inline bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

/// The message of the Error that `action` throws; fails the test when it throws none.
std::string error_of(const std::function<void()>& action);

}  // namespace onestep::testing
