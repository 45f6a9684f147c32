#include "onestep/backend/offset_allocator.h"

#include "onestep/base/check.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>
#include <vector>

namespace onestep {
namespace {

constexpr std::int64_t kUnit = OffsetAllocator::kAlignment;

TEST(OffsetAllocator, PlacesRangesOneAfterAnother) {
  OffsetAllocator arena;
  EXPECT_EQ(arena.allocate(1), 0);
  EXPECT_EQ(arena.allocate(kUnit), kUnit);
  EXPECT_EQ(arena.allocate(kUnit + 1), 2 * kUnit);
  EXPECT_EQ(arena.allocate(1), 4 * kUnit);
  EXPECT_EQ(arena.in_use(), 5 * kUnit);
  EXPECT_EQ(arena.peak(), 5 * kUnit);
}

TEST(OffsetAllocator, ReusesTheLowestHoleThatFits) {
  OffsetAllocator arena;
  const std::int64_t small = arena.allocate(kUnit);
  arena.allocate(kUnit);
  const std::int64_t large = arena.allocate(3 * kUnit);
  arena.allocate(kUnit);
  arena.release(small, kUnit);
  arena.release(large, 3 * kUnit);
  EXPECT_EQ(arena.allocate(2 * kUnit), large);
  EXPECT_EQ(arena.allocate(kUnit), small);
  EXPECT_EQ(arena.allocate(kUnit), large + 2 * kUnit);
  EXPECT_EQ(arena.peak(), 6 * kUnit);
}

TEST(OffsetAllocator, JoinsNeighbouringHolesWhateverTheOrder) {
  std::vector<int> order{0, 1, 2};
  do {
    OffsetAllocator arena;
    for (int i = 0; i < 4; ++i) arena.allocate(kUnit);
    for (const int i : order) arena.release(i * kUnit, kUnit);
    EXPECT_EQ(arena.allocate(3 * kUnit), 0);
  } while (std::next_permutation(order.begin(), order.end()));
}

TEST(OffsetAllocator, GrowsFromAHoleAtItsEnd) {
  OffsetAllocator arena;
  arena.allocate(kUnit);
  const std::int64_t last = arena.allocate(kUnit);
  arena.release(last, kUnit);
  EXPECT_EQ(arena.allocate(5 * kUnit), last);
  EXPECT_EQ(arena.peak(), 6 * kUnit);
}

TEST(OffsetAllocator, RemembersItsPeakWhenEverythingIsFree) {
  OffsetAllocator arena;
  const std::int64_t offset = arena.allocate(7 * kUnit);
  arena.release(offset, 7 * kUnit);
  EXPECT_EQ(arena.in_use(), 0);
  EXPECT_EQ(arena.peak(), 7 * kUnit);
  EXPECT_EQ(arena.allocate(1), 0);
}

TEST(OffsetAllocator, GivesEmptyRequestsPlacesOfTheirOwn) {
  OffsetAllocator arena;
  const std::int64_t first = arena.allocate(0);
  EXPECT_NE(arena.allocate(0), first);
  arena.release(first, 0);
  EXPECT_EQ(arena.in_use(), kUnit);
}

TEST(OffsetAllocator, RefusesWhatIsNotInUse) {
  OffsetAllocator arena;
  arena.allocate(kUnit);
  arena.allocate(kUnit);
  arena.allocate(kUnit);
  EXPECT_THROW(arena.release(3 * kUnit, kUnit), Error);
  EXPECT_THROW(arena.release(-kUnit, kUnit), Error);
  EXPECT_THROW(arena.release(kUnit / 2, kUnit), Error);
  arena.release(kUnit, kUnit);
  EXPECT_THROW(arena.release(kUnit, kUnit), Error);
  EXPECT_THROW(arena.release(0, 2 * kUnit), Error);
  EXPECT_THROW(arena.allocate(-1), Error);
  EXPECT_EQ(arena.in_use(), 2 * kUnit);
}

/// The same policy on a list of units that are taken or not.
class BruteForce {
 public:
  std::int64_t allocate(std::int64_t units) {
    std::int64_t begin = 0;
    while (!is_free(begin, units)) ++begin;
    taken_.resize(std::max(taken_.size(), static_cast<std::size_t>(begin + units)));
    set(begin, units, true);
    return begin;
  }
  void release(std::int64_t begin, std::int64_t units) { set(begin, units, false); }
  std::int64_t in_use() const { return std::count(taken_.begin(), taken_.end(), true); }
  std::int64_t peak() const { return static_cast<std::int64_t>(taken_.size()); }

 private:
  bool is_free(std::int64_t begin, std::int64_t units) const {
    const auto size = static_cast<std::int64_t>(taken_.size());
    for (std::int64_t i = begin; i < std::min(begin + units, size); ++i) {
      if (taken_[static_cast<std::size_t>(i)]) return false;
    }
    return true;
  }
  void set(std::int64_t begin, std::int64_t units, bool value) {
    std::fill_n(taken_.begin() + begin, units, value);
  }

  std::vector<bool> taken_;
};

TEST(OffsetAllocator, DoesAsASearchThroughAllPlaces) {
  struct Range {
    std::int64_t begin;
    std::int64_t units;
  };
  std::mt19937 random(7);
  for (int round = 0; round < 20; ++round) {
    OffsetAllocator arena;
    BruteForce model;
    std::vector<Range> live;
    for (int step = 0; step < 400; ++step) {
      if (live.empty() || random() % 5 < 3) {
        const std::int64_t units = random() % 9 + 1;
        const std::int64_t begin = model.allocate(units);
        ASSERT_EQ(arena.allocate(units * kUnit - static_cast<std::int64_t>(random() % kUnit)),
                  begin * kUnit);
        live.push_back({begin, units});
      } else {
        std::swap(live[random() % live.size()], live.back());
        model.release(live.back().begin, live.back().units);
        arena.release(live.back().begin * kUnit, live.back().units * kUnit);
        live.pop_back();
      }
      ASSERT_EQ(arena.in_use(), model.in_use() * kUnit);
      ASSERT_EQ(arena.peak(), model.peak() * kUnit);
    }
  }
}

}  // namespace
}  // namespace onestep
