#include "onestep/data/batch_order.h"

#include "onestep/base/error.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <set>
#include <vector>

namespace onestep {
namespace {

std::vector<std::int64_t> indices(BatchOrder& order, std::int64_t batches, std::size_t set = 0) {
  std::vector<std::int64_t> result;
  for (std::int64_t number = 0; number < batches; ++number) {
    for (const SampleChoice& choice : order.choices(number)) {
      if (choice.dataset == set) result.push_back(choice.index);
    }
  }
  return result;
}

/// Of [begin, begin + count), sorted.
std::vector<std::int64_t> sorted_part(const std::vector<std::int64_t>& all,
                                      std::size_t begin,
                                      std::size_t count) {
  std::vector<std::int64_t> part(all.begin() + static_cast<std::ptrdiff_t>(begin),
                                 all.begin() + static_cast<std::ptrdiff_t>(begin + count));
  std::ranges::sort(part);
  return part;
}

std::vector<std::int64_t> counted(std::int64_t count) {
  std::vector<std::int64_t> numbers(static_cast<std::size_t>(count));
  std::iota(numbers.begin(), numbers.end(), 0);
  return numbers;
}

TEST(BatchOrder, VisitsEverySampleOnceAnEpochInANewOrder) {
  BatchOrder order({7}, {1}, {.batch = 2, .seed = 5});
  const auto visited = indices(order, 14);  // four epochs
  std::set<std::vector<std::int64_t>> orders;
  for (std::size_t epoch = 0; epoch < 4; ++epoch) {
    EXPECT_EQ(sorted_part(visited, 7 * epoch, 7), counted(7));
    const auto begin = visited.begin() + static_cast<std::ptrdiff_t>(7 * epoch);
    orders.emplace(begin, begin + 7);
  }
  EXPECT_EQ(orders.size(), 4U);
}

TEST(BatchOrder, VisitsTheLinesAsWrittenWhenSequential) {
  BatchOrder order({3}, {1}, {.batch = 2, .order = Order::sequential, .seed = 5});
  EXPECT_EQ(indices(order, 4), (std::vector<std::int64_t>{0, 1, 2, 0, 1, 2, 0, 1}));
}

TEST(BatchOrder, FillsBatchesFromASetThatIsSmallerThanOne) {
  BatchOrder order({2}, {1}, {.batch = 5});
  const auto visited = indices(order, 2);
  for (std::size_t epoch = 0; epoch < 5; ++epoch) {
    EXPECT_EQ(sorted_part(visited, 2 * epoch, 2), counted(2));
  }
}

TEST(BatchOrder, DependsOnTheNumberAloneAndNotOnWhatWasAskedBefore) {
  const BatchOrderOptions options = {.batch = 3, .seed = 11};
  BatchOrder forwards({5, 8, 3}, {1, 2, 1}, options);
  std::vector<std::vector<SampleChoice>> expected;
  for (std::int64_t number = 0; number < 40; ++number) expected.push_back(forwards.choices(number));
  BatchOrder backwards({5, 8, 3}, {1, 2, 1}, options);
  for (std::int64_t number = 39; number >= 0; --number) {
    EXPECT_EQ(backwards.choices(number), expected[static_cast<std::size_t>(number)]) << number;
  }
  BatchOrder anew({5, 8, 3}, {1, 2, 1}, options);
  EXPECT_EQ(anew.choices(33), expected[33]);
}

TEST(BatchOrder, DiffersBetweenSeeds) {
  BatchOrder one({50}, {1}, {.batch = 50, .seed = 1});
  BatchOrder two({50}, {1}, {.batch = 50, .seed = 2});
  BatchOrder large({50}, {1}, {.batch = 50, .seed = 1 + (std::uint64_t{1} << 40)});
  EXPECT_NE(one.choices(0), two.choices(0));
  EXPECT_NE(one.choices(0), large.choices(0));
}

TEST(BatchOrder, MixesSetsByWeightABatchFromOneOfThem) {
  BatchOrder order({10, 10, 10}, {3, 0, 1}, {.batch = 4, .seed = 3});
  constexpr int kBatches = 4000;
  std::vector<int> batches(3);
  for (std::int64_t number = 0; number < kBatches; ++number) {
    const auto choices = order.choices(number);
    ASSERT_EQ(choices.size(), 4U);
    for (const SampleChoice& choice : choices) EXPECT_EQ(choice.dataset, choices[0].dataset);
    ++batches[choices[0].dataset];
  }
  EXPECT_EQ(batches[1], 0);
  EXPECT_NEAR(batches[0], 0.75 * kBatches, 5 * std::sqrt(kBatches * 0.75 * 0.25));
}

TEST(BatchOrder, GivesEachSetOfAMixtureWholeEpochs) {
  BatchOrder order({6, 4}, {1, 1}, {.batch = 2, .seed = 9});
  for (std::size_t set = 0; set < 2; ++set) {
    const std::size_t size = set == 0 ? 6 : 4;
    const auto visited = indices(order, 100, set);
    for (std::size_t begin = 0; begin + size <= visited.size(); begin += size) {
      EXPECT_EQ(sorted_part(visited, begin, size), counted(static_cast<std::int64_t>(size)));
    }
  }
}

TEST(BatchOrder, MirrorsWithTheProbabilityAsked) {
  const auto share = [](double flip) {
    BatchOrder order({4}, {1}, {.batch = 4, .flip = flip, .seed = 21});
    int flipped = 0;
    for (std::int64_t number = 0; number < 1000; ++number) {
      for (const SampleChoice& choice : order.choices(number)) flipped += choice.flipped ? 1 : 0;
    }
    return flipped / 4000.0;
  };
  EXPECT_EQ(share(0), 0);
  EXPECT_EQ(share(1), 1);
  EXPECT_NEAR(share(0.5), 0.5, 0.04);
  EXPECT_NEAR(share(0.2), 0.2, 0.04);
}

TEST(BatchOrder, RefusesWhatCannotBeMixed) {
  const auto make = [](std::vector<std::int64_t> sizes, std::vector<double> weights,
                       const BatchOrderOptions& options = {}) {
    return BatchOrder(std::move(sizes), std::move(weights), options);
  };
  EXPECT_THROW(make({}, {}), Error);
  EXPECT_THROW(make({0}, {1}), Error);
  EXPECT_THROW(make({1}, {0}), Error);
  EXPECT_THROW(make({1, 1}, {1, -1}), Error);
  EXPECT_THROW(make({1}, {NAN}), Error);
  EXPECT_THROW(make({1}, {1}, {.batch = 0}), Error);
  EXPECT_THROW(make({1}, {1}, {.flip = 1.5}), Error);
  EXPECT_THROW(make({1}, {1}).choices(-1), Error);
}

}  // namespace
}  // namespace onestep
