#include "onestep/diffusion/initial_noise.h"

#include "onestep/base/check.h"
#include "onestep/base/nearest_name.h"
#include "onestep/base/random.h"
#include "onestep/diffusion/pyramid_noise.h"

#include <algorithm>
#include <array>

namespace onestep {
namespace {

const std::array<std::string, 3> kNoiseKindNames = {"zeros", "gaussian", "pyramid"};

}  // namespace

std::string_view to_string(NoiseKind kind) {
  return kNoiseKindNames.at(static_cast<std::size_t>(kind));
}

NoiseKind noise_kind_from_string(std::string_view name) {
  const auto found = std::find(kNoiseKindNames.begin(), kNoiseKindNames.end(), name);
  check(found != kNoiseKindNames.end(), "noise \"", name, "\" is not known",
        did_you_mean(name, kNoiseKindNames));
  return static_cast<NoiseKind>(found - kNoiseKindNames.begin());
}

std::span<const std::string> noise_kind_names() {
  return kNoiseKindNames;
}

Array initial_noise(NoiseKind kind, std::uint64_t seed, const Shape& shape) {
  if (kind == NoiseKind::zeros) return {DType::float32, shape};
  TorchGenerator generator(seed);
  if (kind == NoiseKind::pyramid) return pyramid_noise(shape, seed, generator);
  return Array::of<float>(shape, generator.randn(element_count(shape)));
}

}  // namespace onestep
