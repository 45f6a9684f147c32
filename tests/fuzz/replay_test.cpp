#include "testing/sanitized.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "fuzz/entries/entries.h"

namespace onestep::fuzz {
namespace {

namespace fs = std::filesystem;
using Content = std::vector<std::uint8_t>;

/// The files that the entry's fuzzer starts from: valid ones, and those that once broke something.
std::vector<Content> seeds_of(const Entry& entry) {
  std::vector<Content> seeds;
  for (const auto& file :
       fs::directory_iterator(fs::path(ONESTEP_SOURCE_DIR) / "tests/fuzz/seeds" / entry.seeds)) {
    std::ifstream stream(file.path(), std::ios::binary);
    seeds.emplace_back(std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>());
  }
  return seeds;
}

constexpr double kMostSeconds = testing::kSanitized ? 20 : 2;

class Replay : public ::testing::TestWithParam<Entry> {
 protected:
  /// Of the processor's time: other work on the machine does not count.
  static void enter_in_time(Bytes bytes) {
    const std::clock_t before = std::clock();
    GetParam().enter(bytes);
    EXPECT_LT(static_cast<double>(std::clock() - before) / CLOCKS_PER_SEC, kMostSeconds);
  }
};

TEST_P(Replay, AcceptsOrRefusesEverySeed) {
  const auto seeds = seeds_of(GetParam());
  EXPECT_GE(seeds.size(), 2U);
  for (const Content& seed : seeds) enter_in_time(seed);
}

TEST_P(Replay, AcceptsOrRefusesEverySeedCutAnywhere) {
  constexpr std::size_t kCuts = 64;
  for (const Content& seed : seeds_of(GetParam())) {
    for (std::size_t cut = 0; cut < std::min(kCuts, seed.size()); ++cut) {
      enter_in_time(Bytes(seed).first(seed.size() * cut / kCuts));
    }
  }
}

/// Seeds of every other format, too: nobody promises that a file is what its name says.
TEST_P(Replay, AcceptsOrRefusesSeedsOfOtherEntries) {
  for (const Entry& other : kEntries) {
    for (const Content& seed : seeds_of(other)) enter_in_time(seed);
  }
}

INSTANTIATE_TEST_SUITE_P(Entries, Replay, ::testing::ValuesIn(kEntries), [](const auto& entry) {
  return std::string(entry.param.name);
});

}  // namespace
}  // namespace onestep::fuzz
