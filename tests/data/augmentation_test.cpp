#include "onestep/data/augmentation/augmentation.h"

#include "onestep/data/augmentation/zoom.h"
#include "onestep/data/batch.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <set>
#include <vector>

namespace onestep {
namespace {

constexpr std::int64_t kHeight = 12;
constexpr std::int64_t kWidth = 16;

/// The picture holds its column, its row and 200; depth 1 + column, normals the row, mask
/// alternates.
Sample chart() {
  Sample sample = {.image = Array(DType::uint8, {kHeight, kWidth, 3}),
                   .depth_m = Array(DType::float32, {kHeight, kWidth}),
                   .normals = Array(DType::float32, {kHeight, kWidth, 3}),
                   .mask = Array(DType::uint8, {kHeight, kWidth})};
  for (std::int64_t y = 0; y < kHeight; ++y) {
    for (std::int64_t x = 0; x < kWidth; ++x) {
      const auto i = static_cast<std::size_t>(y * kWidth + x);
      const auto rgb = sample.image.mutable_view<std::uint8_t>().subspan(3 * i, 3);
      rgb[0] = static_cast<std::uint8_t>(10 * x);
      rgb[1] = static_cast<std::uint8_t>(10 * y);
      rgb[2] = 200;
      sample.depth_m.mutable_view<float>()[i] = 1.0F + static_cast<float>(x);
      sample.normals.mutable_view<float>()[3 * i] = static_cast<float>(y);
      sample.mask.mutable_view<std::uint8_t>()[i] = static_cast<std::uint8_t>((x + y) % 2);
    }
  }
  return sample;
}

template <typename T>
bool same(const Array& a, const Array& b) {
  return a.shape() == b.shape() && std::ranges::equal(a.view<T>(), b.view<T>());
}

bool same_truth(const Sample& a, const Sample& b) {
  return same<float>(a.depth_m, b.depth_m) && same<float>(a.normals, b.normals) &&
         same<std::uint8_t>(a.mask, b.mask);
}

AugmentationOptions everything() {
  return {.invert = 0.5,
          .illumination = 0.5,
          .gamma = 0.45,
          .permute_channels = 0.5,
          .low_contrast = 0.5,
          .zoom = 1.6};
}

TEST(Augmentation, ThatIsOffLeavesASampleAsItIs) {
  EXPECT_FALSE(AugmentationOptions().any());
  const Sample result = augmented(chart(), {}, 3);
  EXPECT_TRUE(same<std::uint8_t>(result.image, chart().image));
  EXPECT_TRUE(same_truth(result, chart()));
}

TEST(Augmentation, IsAFunctionOfItsDraw) {
  const Sample one = augmented(chart(), everything(), 7);
  EXPECT_TRUE(same<std::uint8_t>(one.image, augmented(chart(), everything(), 7).image));
  EXPECT_TRUE(same_truth(one, augmented(chart(), everything(), 7)));
  EXPECT_FALSE(same<std::uint8_t>(one.image, augmented(chart(), everything(), 8).image));
}

TEST(Augmentation, OfThePictureAloneLeavesTheTruth) {
  AugmentationOptions options = everything();
  options.zoom = 1;
  for (std::uint64_t draw = 0; draw < 20; ++draw) {
    EXPECT_TRUE(same_truth(augmented(chart(), options, draw), chart()));
  }
}

TEST(Augmentation, MakesANegativeAsOftenAsAsked) {
  const Sample before = chart();
  const auto plain = before.image.view<std::uint8_t>();
  int negatives = 0;
  for (std::uint64_t draw = 0; draw < 500; ++draw) {
    const Array image = augmented(chart(), {.invert = 0.4}, draw).image;
    const auto found = image.view<std::uint8_t>();
    if (std::ranges::equal(found, plain)) continue;
    ++negatives;
    for (std::size_t i = 0; i < found.size(); ++i) ASSERT_EQ(found[i], 255 - plain[i]);
  }
  EXPECT_NEAR(negatives, 200, 45);
}

TEST(Augmentation, PutsChannelsInEveryOrder) {
  std::set<std::vector<std::uint8_t>> orders;
  const std::size_t pixel = 3 * (5 * kWidth + 1);  // 10, 50, 200
  for (std::uint64_t draw = 0; draw < 200; ++draw) {
    const Array image = augmented(chart(), {.permute_channels = 1}, draw).image;
    const auto rgb = image.view<std::uint8_t>().subspan(pixel, 3);
    orders.insert({rgb.begin(), rgb.end()});
  }
  EXPECT_EQ(orders.size(), 6U);
  for (std::vector<std::uint8_t> order : orders) {
    std::ranges::sort(order);
    EXPECT_EQ(order, (std::vector<std::uint8_t>{10, 50, 200}));
  }
}

TEST(Augmentation, LowersContrastToNoLessThanAQuarter) {
  for (std::uint64_t draw = 0; draw < 100; ++draw) {
    const Array image = augmented(chart(), {.low_contrast = 1}, draw).image;
    const auto [low, high] = std::ranges::minmax(image.view<std::uint8_t>());
    EXPECT_LE(high - low, 200);
    EXPECT_GE(high - low, 49);
  }
}

TEST(Augmentation, KeepsTheOrderOfValuesUnderGammaAndBlackAndWhite) {
  Sample ramp = chart();
  const auto values = ramp.image.mutable_view<std::uint8_t>();
  for (std::size_t i = 0; i < values.size(); ++i) {
    values[i] = static_cast<std::uint8_t>(255 * i / (values.size() - 1));
  }
  for (std::uint64_t draw = 0; draw < 20; ++draw) {
    const Array image = augmented(ramp, {.gamma = 0.45}, draw).image;
    const auto found = image.view<std::uint8_t>();
    EXPECT_TRUE(std::ranges::is_sorted(found));
    EXPECT_EQ(found.front(), 0);
    EXPECT_EQ(found.back(), 255);
  }
}

TEST(Augmentation, LightsAPictureUnevenlyButSmoothly) {
  Sample grey = chart();
  std::ranges::fill(grey.image.mutable_view<std::uint8_t>(), std::uint8_t{60});
  int uneven = 0;
  for (std::uint64_t draw = 0; draw < 50; ++draw) {
    const Array image = augmented(grey, {.illumination = 1}, draw).image;
    const auto found = image.view<std::uint8_t>();
    const auto [low, high] = std::ranges::minmax(found);
    uneven += high - low > 10 ? 1 : 0;
    for (std::size_t i = 3; i < 3 * kWidth; i += 3) {
      EXPECT_LE(std::abs(int{found[i]} - int{found[i - 3]}), 90);
      EXPECT_EQ(found[i], found[i + 1]) << "the light is white";
    }
  }
  EXPECT_GT(uneven, 40);
}

TEST(Zoom, ShowsTheWindowInPictureAndTruth) {
  const Sample sample = chart();
  const ZoomWindow window{.top = 3, .left = 4, .factor = 2};
  const auto picture = zoomed_picture(sample.image, window);
  // Pixel x of the result is at 4 + (x + 0.5) / 2 - 0.5 of the picture.
  EXPECT_NEAR(picture[3 * 5], 10 * (4 + 2.75 - 0.5), 1e-4);
  EXPECT_NEAR(picture[3 * (kWidth * 6) + 1], 10 * (3 + 3.25 - 0.5), 1e-4);
  const Array depth = zoomed_map(sample.depth_m, window);
  for (std::size_t x = 0; x < kWidth; ++x) {
    EXPECT_EQ(depth.view<float>()[x], 1.0F + 4.0F + static_cast<float>(x / 2));
  }
  const Array normals = zoomed_map(sample.normals, window);
  EXPECT_EQ(normals.view<float>()[3 * kWidth * 11], 3.0F + 5.0F);
  EXPECT_EQ(zoomed_map(Array(), window).elements(), 0);
}

TEST(Zoom, StaysInsideThePicture) {
  for (std::uint64_t draw = 0; draw < 50; ++draw) {
    const Sample result = augmented(chart(), {.zoom = 3}, draw);
    const auto depth = result.depth_m.view<float>();
    const auto [low, high] = std::ranges::minmax(depth);
    EXPECT_GE(low, 1);
    EXPECT_LE(high, kWidth);
    EXPECT_LE(high - low + 1, kWidth);
    EXPECT_GE(high - low + 1, kWidth / 3);
    // Picture and depth show the same place, to a pixel.
    const auto rgb = result.image.view<std::uint8_t>();
    for (std::size_t i = 0; i < depth.size(); ++i) {
      EXPECT_NEAR(rgb[3 * i] / 10.0F + 1, depth[i], 0.61F);
    }
  }
}

class OneChart final : public Dataset {
 public:
  std::int64_t size() const override { return 1; }
  std::string name(std::int64_t) const override { return "chart"; }
  Sample read(std::int64_t) const override { return chart(); }
};

TEST(AugmentedBatch, DependsOnSeedNumberAndPlace) {
  const std::vector<DatasetShare> shares = {{std::make_shared<OneChart>(), 1}};
  const std::vector<SampleChoice> twice = {{0, 0, false}, {0, 0, false}};
  const auto images = [&](std::uint64_t seed, std::int64_t number) {
    BatchOptions options{.truth = Truth::any, .augmentation = everything()};
    options.augmentation.seed = seed;
    return read_batch(shares, twice, number, options).images;
  };
  const Array first = images(1, 5);
  const auto bytes = first.view<std::uint8_t>();
  EXPECT_TRUE(same<std::uint8_t>(first, images(1, 5)));
  EXPECT_FALSE(same<std::uint8_t>(first, images(1, 6)));
  EXPECT_FALSE(same<std::uint8_t>(first, images(2, 5)));
  EXPECT_FALSE(std::ranges::equal(bytes.first(bytes.size() / 2), bytes.last(bytes.size() / 2)));
}

}  // namespace
}  // namespace onestep
