#pragma once

#include "onestep/base/check.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstddef>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <span>
#include <string>
#include <string_view>

namespace onestep {

/// An empty folder of one test, removed at its end.
class Scratch {
 public:
  Scratch() {
    const auto* test = ::testing::UnitTest::GetInstance()->current_test_info();
    folder_ =
        std::filesystem::path(::testing::TempDir()) /
        concatenate("onestep_io_", test->test_suite_name(), "_", test->name(), "_", ::getpid());
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_);
  }
  ~Scratch() {
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;

  const std::filesystem::path& folder() const { return folder_; }
  std::filesystem::path operator/(const std::string& name) const { return folder_ / name; }

  /// The path of a new file with these bytes.
  std::filesystem::path file(const std::string& name, std::string_view bytes) const {
    std::ofstream(folder_ / name, std::ios::binary) << bytes;
    return folder_ / name;
  }
  std::size_t files() const {
    return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator(folder_),
                                                  std::filesystem::directory_iterator()));
  }

 private:
  std::filesystem::path folder_;
};

/// All bytes of a file.
inline std::string bytes_of(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

inline std::span<const std::byte> as_bytes(std::string_view text) {
  return std::as_bytes(std::span(text.data(), text.size()));
}

/// tests/io/data/<name>, whose pictures data/README.md describes.
inline std::filesystem::path fixture(const std::string& name) {
  return std::filesystem::path(ONESTEP_SOURCE_DIR) / "tests/io/data" / name;
}

/// Passes when `body` throws Error with one line that holds every part.
template <typename Body, typename... Parts>
::testing::AssertionResult refuses(const Body& body, const Parts&... parts) {
  try {
    body();
  } catch (const Error& error) {
    const std::string message = error.what();
    for (const std::string_view part : {std::string_view(parts)...}) {
      if (message.find(part) == std::string::npos) {
        return ::testing::AssertionFailure() << '"' << message << "\" lacks \"" << part << '"';
      }
    }
    if (message.find('\n') != std::string::npos) {
      return ::testing::AssertionFailure() << '"' << message << "\" is more than one line";
    }
    return ::testing::AssertionSuccess();
  }
  return ::testing::AssertionFailure() << "no Error was thrown";
}

}  // namespace onestep
