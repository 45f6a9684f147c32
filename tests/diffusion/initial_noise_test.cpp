#include "onestep/diffusion/initial_noise.h"

#include "onestep/base/check.h"
#include "onestep/base/random.h"
#include "onestep/diffusion/pyramid_noise.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

namespace onestep {
namespace {

TEST(InitialNoise, ZerosAreZeros) {
  const Array noise = initial_noise(NoiseKind::zeros, 7, {1, 4, 3, 5});
  EXPECT_EQ(noise.shape(), (Shape{1, 4, 3, 5}));
  for (const float value : noise.view<float>()) EXPECT_EQ(value, 0.0F);
}

TEST(InitialNoise, GaussianIsOneDrawOfTheWholeLatent) {
  const Array noise = initial_noise(NoiseKind::gaussian, 7, {2, 4, 3, 5});
  EXPECT_TRUE(std::ranges::equal(noise.view<float>(), TorchGenerator(7).randn(120)));
}

TEST(InitialNoise, PyramidIsTheEndToEndForm) {
  TorchGenerator generator(7);
  const Array expected = pyramid_noise({2, 4, 9, 5}, 7, generator);
  const Array noise = initial_noise(NoiseKind::pyramid, 7, {2, 4, 9, 5});
  EXPECT_TRUE(std::ranges::equal(noise.view<float>(), expected.view<float>()));
}

TEST(InitialNoise, NamesAreReadBack) {
  for (const std::string& name : noise_kind_names()) {
    EXPECT_EQ(to_string(noise_kind_from_string(name)), name);
  }
}

TEST(InitialNoise, NamesTheNearestSpelling) {
  try {
    noise_kind_from_string("guassian");
    FAIL() << "nothing thrown";
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("did you mean \"gaussian\"?"), std::string::npos)
        << error.what();
  }
}

}  // namespace
}  // namespace onestep
