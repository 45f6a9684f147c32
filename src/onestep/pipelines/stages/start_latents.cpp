#include "onestep/pipelines/stages/start_latents.h"

#include "onestep/base/check.h"
#include "onestep/diffusion/pyramid_noise.h"

#include <cstddef>
#include <utility>
#include <vector>

namespace onestep {
namespace {

constexpr double kPyramidStrength = 0.9;

}  // namespace

StartLatents::StartLatents(const ResolvedOptions& options)
    : kind_(options.noise),
      seed_(options.seed),
      end_to_end_(options.pipeline != Pipeline::marigold),
      generator_(options.seed) {}

StartLatents::StartLatents(const ResolvedOptions& options, Array given) : StartLatents(options) {
  given_ = std::move(given);
}

Array StartLatents::draw(const Shape& shape) {
  if (given_) {
    check(given_->dtype() == DType::float32 && given_->shape() == shape, "initial latents are ",
          to_string(given_->dtype()), " ", to_string(given_->shape()), "; expected float32 ",
          to_string(shape));
    return *given_;
  }
  if (kind_ == NoiseKind::gaussian) {
    return Array::of<float>(shape, generator_.randn(element_count(shape)));
  }
  if (kind_ == NoiseKind::zeros) return {DType::float32, shape};
  if (end_to_end_) return pyramid_noise(shape, seed_, generator_);
  // Marigold anneals the strength from 0.9 at the noisiest timestep, where denoising starts.
  const std::vector<double> strengths(static_cast<std::size_t>(shape.front()), kPyramidStrength);
  return multi_resolution_noise(shape, strengths, generator_);
}

}  // namespace onestep
