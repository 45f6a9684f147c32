#include "onestep/base/python_random.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>

namespace onestep {
namespace {

// Expected values: CPython 3.11, random.Random(seed), printed with float.hex().

TEST(PythonRandom, DrawsPythonsDoubles) {
  PythonRandom generator(0);
  EXPECT_EQ(generator.random(), 0x1.b0580f98a7dbep-1);
  EXPECT_EQ(generator.random(), 0x1.84129978f9c1ap-1);
  EXPECT_EQ(generator.random(), 0x1.aeaa51052e978p-2);
  EXPECT_EQ(generator.random(), 0x1.092178fb945a6p-2);
  PythonRandom other(42);
  EXPECT_EQ(other.random(), 0x1.4762f307200c5p-1);
  EXPECT_EQ(other.random(), 0x1.99c6b5eeb2060p-6);
}

TEST(PythonRandom, GivesThePublishedImageValues) {
  // The dummy pipelines' image is random() / 2 + 0.5.
  PythonRandom generator(0);
  EXPECT_NEAR(generator.random() / 2 + 0.5, 0.922211, 5e-7);
  EXPECT_NEAR(generator.random() / 2 + 0.5, 0.878977, 5e-7);
  EXPECT_NEAR(generator.random() / 2 + 0.5, 0.710286, 5e-7);
}

TEST(PythonRandom, GoesOnAfterTheStateIsUsedUp) {
  PythonRandom generator(0);  // two draws a number: 1000 numbers twist the 624 words four times
  double sum = 0;
  double last = 0;
  for (int i = 0; i < 1000; ++i) sum += last = generator.random();
  EXPECT_EQ(last, 0x1.ebf1437477ccep-2);
  EXPECT_EQ(sum, 0x1.f05ef89904857p+8);
}

TEST(PythonRandom, UsesAllSixtyFourBitsOfTheSeed) {
  PythonRandom above((std::uint64_t{1} << 32) + 5);
  EXPECT_EQ(above.random(), 0x1.4218067c49768p-3);
  EXPECT_EQ(above.random(), 0x1.21442cf1e9172p-2);
  PythonRandom largest(std::numeric_limits<std::uint64_t>::max());
  EXPECT_EQ(largest.random(), 0x1.659799fd7f980p-6);
}

TEST(PythonRandom, UniformStretchesOneDraw) {
  PythonRandom generator(1);
  for (int i = 0; i < 4; ++i) generator.random();
  EXPECT_EQ(generator.uniform(-3, 5), 0x1.ed4d57859cde8p-1);
}

}  // namespace
}  // namespace onestep
