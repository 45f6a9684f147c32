#include "onestep/data/loader.h"

#include "onestep/base/error.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "data/numbered_pictures.h"
#include "io/scratch.h"

namespace onestep {
namespace {

using testing::NumberedPictures;

std::vector<DatasetShare> mixture() {
  return {{std::make_shared<NumberedPictures>(std::uint8_t{1}, 7), 2},
          {std::make_shared<NumberedPictures>(std::uint8_t{2}, 5), 1}};
}

std::vector<Batch> batches(Loader& loader, int count) {
  std::vector<Batch> result;
  for (int i = 0; i < count; ++i) result.push_back(loader.next());
  return result;
}

template <typename T>
bool same(const Array& a, const Array& b) {
  return a.shape() == b.shape() && std::ranges::equal(a.view<T>(), b.view<T>());
}

void expect_same(const Batch& a, const Batch& b) {
  EXPECT_EQ(a.number, b.number);
  EXPECT_EQ(a.choices, b.choices);
  EXPECT_EQ(a.names, b.names);
  EXPECT_TRUE(same<std::uint8_t>(a.images, b.images));
  EXPECT_TRUE(same<float>(a.depth_m, b.depth_m));
  EXPECT_TRUE(same<float>(a.depth_norm, b.depth_norm));
  EXPECT_TRUE(same<float>(a.normals, b.normals));
  EXPECT_TRUE(same<std::uint8_t>(a.mask, b.mask));
}

TEST(Loader, GivesTheSameBatchesWithOneWorkerAndWithEight) {
  Loader one(mixture(), {.batch = 3, .seed = 4, .contents = {.truth = Truth::any}, .workers = 1});
  Loader eight(mixture(), {.batch = 3, .seed = 4, .contents = {.truth = Truth::any}, .workers = 8});
  const auto expected = batches(one, 40);
  const auto found = batches(eight, 40);
  for (std::size_t i = 0; i < expected.size(); ++i) expect_same(found[i], expected[i]);
}

TEST(Loader, GoesOnInTheMiddleOfAnEpochAsIfItHadBegunAtTheFirst) {
  Loader whole(mixture(), {.batch = 2, .seed = 8, .contents = {.truth = Truth::any}});
  const auto expected = batches(whole, 30);
  for (const std::int64_t first : {1, 5, 17}) {
    Loader rest(mixture(),
                {.batch = 2, .seed = 8, .contents = {.truth = Truth::any}, .first = first});
    for (auto i = static_cast<std::size_t>(first); i < expected.size(); ++i) {
      expect_same(rest.next(), expected[i]);
    }
  }
}

TEST(Loader, GivesWhatReadingTheOrdersChoicesGives) {
  Loader loader(mixture(), {.batch = 2, .flip = 1, .seed = 8});
  BatchOrder order({7, 5}, {2, 1}, {.batch = 2, .flip = 1, .seed = 8});
  for (std::int64_t number = 0; number < 10; ++number) {
    expect_same(loader.next(),
                read_batch(mixture(), order.choices(number), number, {.truth = Truth::depth}));
  }
}

TEST(Loader, RethrowsTheErrorOfABatchInItsPlaceAndGoesOn) {
  const auto damaged = std::make_shared<NumberedPictures>(NumberedPictures(1, 6).with_damaged(2));
  Loader loader({{damaged, 1}}, {.batch = 1, .order = Order::sequential, .flip = 0, .workers = 4});
  for (int epoch = 0; epoch < 2; ++epoch) {
    for (std::int64_t index = 0; index < 6; ++index) {
      if (index == 2) {
        EXPECT_TRUE(refuses([&] { loader.next(); }, "picture 2 of 1: is damaged"));
      } else {
        EXPECT_EQ(loader.next().choices[0].index, index);
      }
    }
  }
}

/// Counts how many pictures were read.
class CountedPictures : public NumberedPictures {
 public:
  CountedPictures() : NumberedPictures(1, 10) {}
  Sample read(std::int64_t index) const override {
    ++reads;
    return NumberedPictures::read(index);
  }
  mutable std::atomic<int> reads = 0;
};

TEST(Loader, ReadsAheadNoFurtherThanTwoBatchesAWorker) {
  const auto pictures = std::make_shared<CountedPictures>();
  {
    Loader loader({{pictures, 1}}, {.batch = 1, .workers = 3});
    for (int i = 0; i < 20; ++i) {
      loader.next();
      EXPECT_LE(pictures->reads.load(), i + 1 + 2 * 3);
    }
  }
  EXPECT_LE(pictures->reads.load(), 20 + 2 * 3);
}

TEST(Loader, ComesToRestWhenNobodyTookItsBatches) {
  for (int i = 0; i < 50; ++i) Loader loader(mixture(), {.batch = 2, .workers = 4});
}

TEST(Loader, RefusesOptionsOutOfRange) {
  EXPECT_THROW(Loader(mixture(), {.workers = 0}), Error);
  EXPECT_THROW(Loader(mixture(), {.first = -1}), Error);
  EXPECT_THROW(Loader(mixture(), {.batch = 0}), Error);
  EXPECT_THROW(Loader({}, {}), Error);
}

}  // namespace
}  // namespace onestep
