#include "onestep/tensor/array.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <limits>

namespace onestep {
namespace {

TEST(Array, StartsAsZerosOfItsShape) {
  const Array array(DType::float32, {2, 3});
  EXPECT_EQ(array.elements(), 6);
  EXPECT_EQ(array.bytes(), 24);
  for (const float value : array.view<float>()) EXPECT_EQ(value, 0.0F);
}

TEST(Array, OfChecksTheNumberOfValues) {
  EXPECT_THROW(Array::of<float>({2, 2}, {1, 2, 3}), Error);
}

TEST(Array, WritingToACopyLeavesTheOriginal) {
  const Array original = Array::of<float>({2}, {1, 2});
  Array copy = original;
  EXPECT_EQ(copy.data(), original.data());
  copy.mutable_view<float>()[0] = 9;
  EXPECT_EQ(original.view<float>()[0], 1);
  EXPECT_EQ(copy.view<float>()[0], 9);
}

TEST(Array, BorrowedBytesMayBeUnaligned) {
  const auto bytes = std::make_shared<std::array<std::byte, 9>>();
  const float value = 2.5F;
  std::memcpy(bytes->data() + 1, &value, sizeof value);
  const Array array = Array::borrowed(DType::float32, {1}, bytes->data() + 1, bytes);
  EXPECT_THROW(array.view<float>(), Error);
  EXPECT_EQ(array.to(DType::float64).view<double>()[0], 2.5);
}

TEST(Array, DeclaredHasAShapeButNoData) {
  const Array array = Array::declared(DType::float16, {3, 4});
  EXPECT_FALSE(array.has_data());
  EXPECT_EQ(array.elements(), 12);
  EXPECT_THROW(array.to(DType::float32), Error);
}

TEST(Array, RefusesNegativeAndOverflowingShapes) {
  EXPECT_THROW(Array::declared(DType::float32, {-1}), Error);
  EXPECT_THROW(Array::declared(DType::float32, {std::int64_t{1} << 40, std::int64_t{1} << 40}),
               Error);
}

TEST(Array, ConvertsIntegersByTruncation) {
  const Array array = Array::of<float>({3}, {1.9F, -1.9F, 0.5F}).to(DType::int32);
  EXPECT_EQ(array.view<std::int32_t>()[0], 1);
  EXPECT_EQ(array.view<std::int32_t>()[1], -1);
  EXPECT_EQ(array.view<std::int32_t>()[2], 0);
}

TEST(Array, ReleasedPagesOfOwnBytesKeepTheirValues) {
  Array array(DType::float32, {1 << 16});
  array.mutable_view<float>()[5000] = 3;
  array.release_pages();
  EXPECT_EQ(array.view<float>()[5000], 3);
}

TEST(ChannelsLast, IsUndoneByChannelsFirst) {
  std::vector<float> values(2 * 3 * 4 * 5);
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(i);
  const Array nchw = Array::of<float>({2, 3, 4, 5}, values);
  const Array nhwc = channels_last(nchw);
  EXPECT_EQ(nhwc.shape(), (Shape{2, 4, 5, 3}));
  EXPECT_EQ(nhwc.view<float>()[1], 20);  // pixel 0, channel 1
  const Array back = channels_first(nhwc);
  EXPECT_TRUE(std::ranges::equal(back.view<float>(), nchw.view<float>()));
}

TEST(AllFinite, FindsNanAndInfinityInEveryFloatingType) {
  for (const DType dtype : {DType::float64, DType::float32, DType::float16, DType::bfloat16}) {
    EXPECT_TRUE(all_finite(Array::of<float>({2}, {1, 2}).to(dtype)));
    EXPECT_FALSE(all_finite(Array::of<float>({2}, {1, std::nanf("")}).to(dtype)));
    EXPECT_FALSE(
        all_finite(Array::of<float>({2}, {-std::numeric_limits<float>::infinity(), 1}).to(dtype)));
  }
  EXPECT_TRUE(all_finite(Array(DType::int64, {3})));
}

TEST(Half, EveryValueSurvivesARoundTrip) {
  for (std::uint32_t bits = 0; bits < 0x10000; ++bits) {
    const Half half{static_cast<std::uint16_t>(bits)};
    const float value = to_float(half);
    if (std::isnan(value)) {
      EXPECT_TRUE(std::isnan(to_float(to_half(value))));
    } else {
      EXPECT_EQ(to_half(value).bits, half.bits) << bits;
    }
  }
}

TEST(Half, RoundsToNearestEven) {
  EXPECT_EQ(to_float(to_half(1.0F + 0x1p-11F)), 1.0F);  // a tie goes to the even neighbour
  EXPECT_EQ(to_float(to_half(1.0F + 3 * 0x1p-11F)), 1.0F + 0x1p-9F);
  EXPECT_EQ(to_float(to_half(65519.0F)), 65504.0F);
  EXPECT_EQ(to_float(to_half(65520.0F)), std::numeric_limits<float>::infinity());
  EXPECT_EQ(to_float(to_half(0x1p-25F)), 0.0F);
  EXPECT_EQ(to_float(to_half(0x1.8p-24F)), 0x1p-23F);
}

TEST(BFloat16, RoundsToNearestEven) {
  EXPECT_EQ(to_float(to_bfloat16(1.0F + 0x1p-8F)), 1.0F);
  EXPECT_EQ(to_float(to_bfloat16(1.0F + 3 * 0x1p-8F)), 1.0F + 0x1p-6F);
  EXPECT_TRUE(std::isnan(to_float(to_bfloat16(std::nanf("")))));
}

}  // namespace
}  // namespace onestep
