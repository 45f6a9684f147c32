#include "onestep/api/onestep.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <string>
#include <vector>

#include "api/small_models.h"

namespace onestep {
namespace {

using testing::kColumns;
using testing::kRows;
using testing::load_small;
using testing::message_of;
using testing::numbers;
using testing::pattern;
using testing::says;

class Pixels : public ::testing::Test {
 protected:
  std::vector<float> predicted(const PixelView& view) const {
    return numbers(model_.predict(view));
  }
  std::string refusal(const PixelView& view) const {
    return message_of([&] { model_.predict(view); });
  }

  const Model model_ = load_small();
  const std::vector<std::uint8_t> rgb_ = pattern();
  const std::vector<float> expected_ = predicted({rgb_.data(), kRows, kColumns});
};

TEST_F(Pixels, AreReadWithPaddedRows) {
  const std::int64_t stride = 3 * kColumns + 17;
  std::vector<std::uint8_t> padded(static_cast<std::size_t>(stride * kRows), 99);
  for (std::int64_t row = 0; row < kRows; ++row) {
    std::memcpy(&padded[static_cast<std::size_t>(row * stride)],
                &rgb_[static_cast<std::size_t>(row * 3 * kColumns)], 3 * kColumns);
  }
  PixelView view(padded.data(), kRows, kColumns);
  view.row_stride = stride;
  EXPECT_EQ(predicted(view), expected_);
}

TEST_F(Pixels, AreReadWithoutTheirAlpha) {
  std::vector<std::uint8_t> rgba;
  for (std::size_t i = 0; i < rgb_.size(); i += 3) {
    rgba.insert(rgba.end(), {rgb_[i], rgb_[i + 1], rgb_[i + 2], 7});
  }
  PixelView view(rgba.data(), kRows, kColumns);
  view.pixel_stride = 4;
  view.row_stride = 4 * kColumns;
  EXPECT_EQ(predicted(view), expected_);
}

TEST_F(Pixels, AreReadBackwardsInEveryDirection) {
  const std::vector<std::uint8_t> reversed(rgb_.rbegin(), rgb_.rend());
  PixelView view(reversed.data() + reversed.size() - 1, kRows, kColumns);
  view.row_stride = -view.row_stride;
  view.pixel_stride = -3;
  view.channel_stride = -1;
  EXPECT_EQ(predicted(view), expected_);
}

TEST_F(Pixels, AreReadFromPlanes) {
  std::vector<std::uint8_t> planes;
  for (std::size_t channel = 0; channel < 3; ++channel) {
    for (std::size_t i = channel; i < rgb_.size(); i += 3) planes.push_back(rgb_[i]);
  }
  PixelView view(planes.data(), kRows, kColumns);
  view.row_stride = kColumns;
  view.pixel_stride = 1;
  view.channel_stride = kRows * kColumns;
  EXPECT_EQ(predicted(view), expected_);
}

TEST_F(Pixels, OfOneChannelStandForThreeEqualOnes) {
  const auto grey = pattern(1);
  std::vector<std::uint8_t> repeated;
  for (const std::uint8_t value : grey) repeated.insert(repeated.end(), 3, value);
  EXPECT_EQ(predicted({grey.data(), kRows, kColumns, 1}),
            predicted({repeated.data(), kRows, kColumns}));
}

TEST_F(Pixels, OfFloatsAreRoundedTo8BitsByEndToEndAlone) {
  std::vector<float> floats;
  for (std::size_t i = 0; i < rgb_.size(); ++i) {
    const float shift = i % 2 == 0 ? 0.4F : -0.4F;
    floats.push_back(std::clamp((static_cast<float>(rgb_[i]) + shift) / 255, 0.0F, 1.0F));
  }
  for (const std::string pipeline : {"e2e", "e2e-diffusers", "marigold"}) {
    const EstimateOptions options = {.pipeline = pipeline, .steps = 1};
    const auto of_floats = numbers(model_.predict({floats.data(), kRows, kColumns}, options));
    const auto of_levels = numbers(model_.predict({rgb_.data(), kRows, kColumns}, options));
    EXPECT_EQ(of_floats == of_levels, pipeline == "e2e") << pipeline;
  }
}

TEST_F(Pixels, OfOneChannelOfFloatsStandForThreeEqualOnes) {
  const std::vector<float> grey(kRows * kColumns, 0.3F);
  const std::vector<float> repeated(3 * kRows * kColumns, 0.3F);
  const EstimateOptions options = {.pipeline = "marigold", .steps = 1};
  EXPECT_EQ(numbers(model_.predict({grey.data(), kRows, kColumns, 1}, options)),
            numbers(model_.predict({repeated.data(), kRows, kColumns}, options)));
}

TEST_F(Pixels, OfFloatsNeedNoAlignment) {
  std::vector<std::byte> bytes(rgb_.size() * sizeof(float) + 1);
  for (std::size_t i = 0; i < rgb_.size(); ++i) {
    const float value = static_cast<float>(rgb_[i]) / 255;
    std::memcpy(&bytes[1 + i * sizeof(float)], &value, sizeof(value));
  }
  PixelView view(static_cast<const float*>(nullptr), kRows, kColumns);
  view.data = bytes.data() + 1;
  EXPECT_EQ(predicted(view), expected_);
}

TEST_F(Pixels, OfFloatsBeyondTheUnitRangeAreRefused) {
  std::vector<float> floats(rgb_.size(), 0.5F);
  const PixelView view(floats.data(), kRows, kColumns);
  floats[3 * (2 * kColumns + 5)] = 200;
  EXPECT_TRUE(says(refusal(view), "row 2, column 5 is 200")) << "where";
  EXPECT_TRUE(says(refusal(view), "[0, 1] (divide by 255, or pass uint8)"));
  for (const float value :
       {-0.01F, std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
    floats[3 * (2 * kColumns + 5)] = value;
    EXPECT_TRUE(says(refusal(view), "floats must be in [0, 1]")) << value;
  }
}

TEST_F(Pixels, ThatAreNotThereAreRefused) {
  EXPECT_TRUE(says(refusal({static_cast<const std::uint8_t*>(nullptr), 8, 8}), "no data"));
  const std::uint8_t pixel = 0;
  EXPECT_THROW(predicted({&pixel, 0, 8}), Error);
  EXPECT_THROW(predicted({&pixel, 8, -1}), Error);
  EXPECT_TRUE(says(refusal({&pixel, 8, 8, 4}), "expected 1 or 3 channels, found 4"));
  EXPECT_TRUE(says(refusal({&pixel, 8, 8, 4}), "keep the pixel stride"));
}

TEST_F(Pixels, TooManyForAnyMemoryAreRefused) {
  const std::uint8_t pixel = 0;
  EXPECT_THROW(predicted({&pixel, 32768, 32768}), Error);
  EXPECT_THROW(predicted({&pixel, std::numeric_limits<std::int64_t>::max(),
                          std::numeric_limits<std::int64_t>::max()}),
               Error);
}

TEST_F(Pixels, WithStridesBeyondEveryAddressAreRefused) {
  const std::uint8_t pixel = 0;
  for (const std::int64_t stride :
       {std::numeric_limits<std::int64_t>::max() / 2, std::numeric_limits<std::int64_t>::min()}) {
    PixelView view(&pixel, 8, 8);
    view.row_stride = stride;
    EXPECT_TRUE(says(refusal(view), "beyond every address"));
  }
}

TEST(Picture, IsReadUprightFromAFile) {
  const Picture photo = read_picture(std::string(ONESTEP_SOURCE_DIR) + "/examples/coffee.jpg");
  EXPECT_EQ(photo.height, 400);
  EXPECT_EQ(photo.width, 600);
  EXPECT_EQ(photo.view().row_stride, 1800);
  EXPECT_TRUE(says(message_of([] { read_picture("/no/such.png"); }), "/no/such.png"));
}

TEST(Picture, WithoutAllOfItsPixelsHasNoView) {
  EXPECT_TRUE(says(message_of([] { Picture{4, 4, {1, 2, 3}}.view(); }), "3 bytes are not 4x4"));
  constexpr std::int64_t kHuge = std::int64_t{1} << 62;
  EXPECT_THROW((Picture{kHuge, kHuge, {}}.view()), Error);
}

}  // namespace
}  // namespace onestep
