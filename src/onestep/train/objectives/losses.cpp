#include "onestep/train/objectives/losses.h"

#include <optional>

namespace onestep {
namespace {

/// `x` where the mask is true, else 0. Selected, not multiplied: NaN times 0 is NaN.
at::Tensor selected(const at::Tensor& x, const at::Tensor& mask) {
  return at::where(mask, x, at::zeros({}, x.options()));
}

/// Mean of `values` over `count` elements, the others being 0.
Loss mean_over(const at::Tensor& values, std::int64_t count) {
  if (count == 0) return {at::zeros({}, values.options()), 0};
  return {values.sum() / static_cast<double>(count), count};
}

std::int64_t count_of(const at::Tensor& mask) {
  return mask.sum().item<std::int64_t>();
}

/// Per image, over all its pixels: [B,1,1].
at::Tensor sum_per_image(const at::Tensor& x) {
  return x.sum({1, 2}, /*keepdim=*/true);
}

/// s p + c - g where the mask is true, else 0; p and g are 0 there.
at::Tensor aligned_residual(const at::Tensor& p, const at::Tensor& g, const at::Tensor& mask) {
  // The normal equations [a00 a01; a01 a11] [s; c] = [b0; b1] of every image.
  const at::Tensor a00 = sum_per_image(p * p);
  const at::Tensor a01 = sum_per_image(p);
  const at::Tensor a11 = sum_per_image(mask.to(p.scalar_type()));
  const at::Tensor b0 = sum_per_image(p * g);
  const at::Tensor b1 = sum_per_image(g);
  const at::Tensor determinant = a00 * a11 - a01 * a01;
  const at::Tensor solvable = determinant > 0;
  // Divided by 1 where there is no solution: a quotient that is not used must not make NaN of the
  // gradient.
  const at::Tensor divisor = at::where(solvable, determinant, at::ones({}, p.options()));
  const at::Tensor scale = selected((a11 * b0 - a01 * b1) / divisor, solvable);
  const at::Tensor shift = selected((a00 * b1 - a01 * b0) / divisor, solvable);
  return selected(scale * p + shift - g, mask);
}

/// Every `stride`-th row and column.
at::Tensor thinned(const at::Tensor& x, std::int64_t stride) {
  return x.slice(1, 0, std::nullopt, stride).slice(2, 0, std::nullopt, stride);
}

/// Differences of neighbours along a dimension where both are valid: their sum and their number.
void add_differences(const at::Tensor& residual,
                     const at::Tensor& mask,
                     std::int64_t dimension,
                     at::Tensor& sum,
                     at::Tensor& pairs) {
  const std::int64_t last = residual.size(dimension) - 1;
  const at::Tensor both = mask.narrow(dimension, 0, last) & mask.narrow(dimension, 1, last);
  const at::Tensor step = residual.narrow(dimension, 1, last) - residual.narrow(dimension, 0, last);
  sum = sum + selected(step, both).abs().sum();
  pairs = pairs + both.sum();
}

}  // namespace

at::Tensor gradient_matching(const at::Tensor& residual, const at::Tensor& mask) {
  constexpr std::int64_t kCoarsest = 8;
  at::Tensor total = at::zeros({}, residual.options());
  for (std::int64_t stride = 1; stride <= kCoarsest; stride *= 2) {
    const at::Tensor r = thinned(residual, stride);
    const at::Tensor valid = thinned(mask, stride);
    at::Tensor sum = at::zeros({}, residual.options());
    at::Tensor pairs = at::zeros({}, mask.options().dtype(at::kLong));
    add_differences(r, valid, 1, sum, pairs);
    add_differences(r, valid, 2, sum, pairs);
    total = total + sum / pairs.clamp_min(1);
  }
  return total;
}

at::Tensor depth_head(const at::Tensor& decoded) {
  return decoded.mean(-1).clamp(-1, 1);
}

at::Tensor normals_head(const at::Tensor& decoded) {
  const at::Tensor length = at::linalg_vector_norm(decoded, 2, {-1}, /*keepdim=*/true);
  return (decoded / (length + 1e-5)).clamp(-1, 1);
}

Loss affine_invariant_l1(const at::Tensor& prediction,
                         const at::Tensor& target,
                         const at::Tensor& mask) {
  const std::int64_t count = count_of(mask);
  if (count == 0) return mean_over(prediction, 0);
  const at::Tensor p = selected(prediction, mask);
  return mean_over(aligned_residual(p, selected(target, mask), mask).abs(), count);
}

Loss depth_loss(const at::Tensor& channel_mean,
                const at::Tensor& target,
                const at::Tensor& mask,
                const DepthLossWeights& weights,
                const at::Tensor& image_scale) {
  const std::int64_t count = count_of(mask);
  if (count == 0) return mean_over(channel_mean, 0);
  const at::Tensor mean = selected(channel_mean, mask);
  const at::Tensor g = selected(target, mask);
  const auto scaled = [&](const at::Tensor& r) {
    return image_scale.defined() ? r * image_scale : r;
  };
  const at::Tensor residual = scaled(aligned_residual(mean.clamp(-1, 1), g, mask));
  Loss loss = mean_over(residual.abs(), count);
  if (weights.plain_l1 > 0) {
    loss.value = loss.value + weights.plain_l1 * mean_over(scaled(mean - g).abs(), count).value;
  }
  if (weights.gradient > 0) {
    loss.value = loss.value + weights.gradient * gradient_matching(residual, mask);
  }
  return loss;
}

at::Tensor half_log_range(const at::Tensor& depth_m) {
  const at::Tensor nearest = depth_m.amin({1, 2}, /*keepdim=*/true);
  const at::Tensor farthest = depth_m.amax({1, 2}, /*keepdim=*/true);
  const at::Tensor has_range = (nearest > 0) & (farthest > nearest);
  return selected((farthest / nearest).log() / 2, has_range);
}

Loss mean_angle(const at::Tensor& prediction, const at::Tensor& target, const at::Tensor& mask) {
  const at::Tensor all_channels = mask.unsqueeze(-1);
  const at::Tensor p = selected(prediction, all_channels);
  const at::Tensor n = selected(target, all_channels);
  const at::Tensor angle = (p * n).sum(-1).clamp(-1, 1).acos();
  return mean_over(selected(angle, mask), count_of(mask));
}

Loss masked_mean_squares(const at::Tensor& prediction,
                         const at::Tensor& target,
                         const at::Tensor& mask) {
  const at::Tensor difference = selected(prediction, mask) - selected(target, mask);
  return mean_over(difference * difference, count_of(mask));
}

}  // namespace onestep
