#include "onestep/data/batch.h"

#include "onestep/base/error.h"

#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

#include "data/numbered_pictures.h"
#include "io/scratch.h"

namespace onestep {
namespace {

using testing::NumberedPictures;

std::vector<DatasetShare> share(NumberedPictures pictures) {
  return {{std::make_shared<NumberedPictures>(std::move(pictures)), 1}};
}

const std::vector<SampleChoice> kTwo = {{.dataset = 0, .index = 3},
                                        {.dataset = 0, .index = 1, .flipped = true}};

TEST(ReadBatch, StacksItsSamplesInOrderMirroredWhereAsked) {
  const Batch batch = read_batch(share({7, 5}), kTwo, 12, {.truth = Truth::any});
  EXPECT_EQ(batch.number, 12);
  EXPECT_EQ(batch.choices, kTwo);
  EXPECT_EQ(batch.names, (std::vector<std::string>{"picture 3 of 7", "picture 1 of 7"}));
  EXPECT_EQ(batch.images.shape(), (Shape{2, 2, 3, 3}));
  EXPECT_EQ(batch.normals.shape(), (Shape{2, 2, 3, 3}));
  EXPECT_EQ(batch.mask.shape(), (Shape{2, 2, 3}));
  const auto image = batch.images.view<std::uint8_t>();
  EXPECT_EQ(image[1], 3);
  EXPECT_EQ(image[2], 0);
  EXPECT_EQ(image[18 + 1], 1);
  EXPECT_EQ(image[18 + 2], 2);  // the last column comes first
  EXPECT_EQ(batch.normals.view<float>()[0], 1.0F);
  EXPECT_EQ(batch.normals.view<float>()[18], -1.0F);
}

TEST(ReadBatch, MakesDepthTargets) {
  const Batch batch = read_batch(share({7, 5}), kTwo, 0, {.truth = Truth::depth});
  EXPECT_EQ(batch.depth_m.shape(), (Shape{2, 2, 3}));
  const auto norm = batch.depth_norm.view<float>();
  EXPECT_EQ((std::vector<float>(norm.begin(), norm.begin() + 3)), (std::vector<float>{-1, 0, 1}));
  EXPECT_EQ((std::vector<float>(norm.begin() + 6, norm.begin() + 9)),
            (std::vector<float>{1, 0, -1}));
}

TEST(ReadBatch, MakesLogarithmicDepthTargets) {
  const DepthTargetOptions log{.kind = DepthTargetOptions::Kind::log, .range = 20};
  const Batch batch =
      read_batch(share({7, 5}), kTwo, 0, {.truth = Truth::any, .depth_target = log});
  const auto norm = batch.depth_norm.view<float>();
  EXPECT_EQ(norm[2], 1.0F);
  EXPECT_EQ(norm[0], -1.0F);
  EXPECT_NEAR(norm[1], 2 * std::log(2) / std::log(3) - 1, 1e-6);
}

TEST(ReadBatch, HoldsNoTruthThatIsNotWanted) {
  EXPECT_EQ(read_batch(share({7, 5}), kTwo, 0, {.truth = Truth::depth}).normals.elements(), 0);
  const Batch normals = read_batch(share({7, 5}), kTwo, 0, {.truth = Truth::normals});
  EXPECT_EQ(normals.depth_m.elements(), 0);
  EXPECT_EQ(normals.depth_norm.elements(), 0);
}

TEST(ReadBatch, RefusesPicturesOfDifferentSizes) {
  const auto shares = share(NumberedPictures(7, 5).with_wider(1));
  EXPECT_TRUE(refuses([&] { read_batch(shares, kTwo, 0, {.truth = Truth::depth}); },
                      "picture 1 of 7: has 4x2", "picture 3 of 7", "3x2", "\"size\"", "batch 1"));
}

TEST(ReadBatch, StopsOnRequest) {
  std::stop_source stop;
  stop.request_stop();
  EXPECT_THROW(read_batch(share({7, 5}), kTwo, 0, {.truth = Truth::depth}, stop.get_token()),
               Cancelled);
}

}  // namespace
}  // namespace onestep
