#pragma once

#include "onestep/api/onestep.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace onestep::testing {

/// A model of tests/goldens/models on one thread.
inline Model load_small(const std::string& name = "tiny_e2e_depth", ModelOptions options = {}) {
  if (options.threads == 0) options.threads = 1;
  return Model::load(std::string(ONESTEP_SOURCE_DIR) + "/tests/goldens/models/" + name, options);
}

inline constexpr std::int64_t kRows = 40;
inline constexpr std::int64_t kColumns = 56;

/// A smooth pattern, [kRows, kColumns, channels]; another for another `kind`.
inline std::vector<std::uint8_t> pattern(int channels = 3, int kind = 0) {
  std::vector<std::uint8_t> pixels;
  for (int row = 0; row < kRows; ++row) {
    for (int column = 0; column < kColumns; ++column) {
      for (int channel = 0; channel < channels; ++channel) {
        const int wave = (row * (3 + kind) + column * (5 - kind)) % 128;
        pixels.push_back(static_cast<std::uint8_t>((wave + 60 * channel + kind) % 256));
      }
    }
  }
  return pixels;
}

inline std::vector<float> numbers(const Estimate& estimate) {
  return {estimate.values().begin(), estimate.values().end()};
}

/// The message of the Error that `action` throws; fails the test when it throws none.
inline std::string message_of(const std::function<void()>& action) {
  try {
    action();
  } catch (const Error& error) {
    return error.what();
  }
  ADD_FAILURE() << "no error";
  return {};
}

inline ::testing::AssertionResult says(const std::string& message, const std::string& part) {
  if (message.find(part) != std::string::npos) return ::testing::AssertionSuccess();
  return ::testing::AssertionFailure() << "'" << message << "' lacks '" << part << "'";
}

}  // namespace onestep::testing
