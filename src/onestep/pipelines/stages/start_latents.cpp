#include "onestep/pipelines/stages/start_latents.h"

#include "onestep/base/check.h"
#include "onestep/diffusion/pyramid_noise.h"

#include <cstddef>
#include <utility>
#include <vector>

namespace onestep {
namespace {

// Note [Annealed start]
// Marigold (arXiv 2312.02145, section 3.3) trains with pyramid noise of strength 0.9 t / 1000: pure
// white noise towards t = 0. A network that denoises from timestep t on therefore knows noise of
// that strength and no other, so that a schedule that starts lower (spacing leading, say) starts
// from weaker layers. The end-to-end form always has 0.9: its networks saw t = 999 alone.
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

Array StartLatents::draw(const Shape& shape, const FirstTimestep& first) {
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
  if (end_to_end_) return pyramid_noise(shape, seed_, generator_, kPyramidStrength);
  const std::vector<std::int64_t> timesteps(static_cast<std::size_t>(shape.front()), first.t);
  return multi_resolution_noise(shape, annealed_strengths(timesteps, kPyramidStrength, first.of),
                                generator_);
}

}  // namespace onestep
