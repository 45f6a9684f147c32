#pragma once

#include "onestep/train/objectives/depth_loss_weights.h"

#include <ATen/ATen.h>

#include <cstdint>

namespace onestep {

/// The value of a loss over a batch, and how many pixels it is the mean of. With none the value is
/// 0 and depends on nothing: there is no gradient to ask for.
struct Loss {
  at::Tensor value;  ///< scalar
  std::int64_t valid_pixels = 0;
};

/// decoded [B,H,W,3] -> [B,H,W], the mean of the channels, clamped to [-1,1] (the gradient passes
/// on the closed interval); arXiv 2409.11355, section 3.
at::Tensor depth_head(const at::Tensor& decoded);

/// decoded [B,H,W,3] -> [B,H,W,3], y / (|y| + 1e-5), clamped to [-1,1].
at::Tensor normals_head(const at::Tensor& decoded);

/// Mean over the valid pixels of all images together of |s_k p + c_k - g|, where s_k and c_k fit
/// image k's prediction to its target by least squares over its valid pixels; the gradient goes
/// through both. An image whose normal equations are singular (no valid pixel, one, or a constant
/// prediction) has s = c = 0. prediction, target [B,H,W], mask [B,H,W] bool; what lies outside the
/// mask, NaN too, changes neither value nor gradient. arXiv 2409.11355, equation of L_D.
Loss affine_invariant_l1(const at::Tensor& prediction,
                         const at::Tensor& target,
                         const at::Tensor& mask);

/// affine_invariant_l1 of p + plain_l1 * (mean over the valid pixels of |m - g|) + gradient *
/// gradient_matching of s_k p + c_k - g, where m is the decoded channels' mean [B,H,W] and p is m
/// clamped to [-1,1], as in depth_head(). The plain term is of m, so that a pixel beyond the range
/// finds its way back. Every residual of image k counts image_scale[k] times; image_scale [B,1,1],
/// or undefined for 1.
Loss depth_loss(const at::Tensor& channel_mean,
                const at::Tensor& target,
                const at::Tensor& mask,
                const DepthLossWeights& weights,
                const at::Tensor& image_scale = {});

/// [B,1,1]: what a difference of 1 in the code of log depth is in ln z, ln(q98 / q02) / 2. depth_m
/// [B,H,W] is the metric of depth_target(), within [q02, q98]; 0 for an image without a range.
at::Tensor half_log_range(const at::Tensor& depth_m);

/// Sum over four scales (every pixel, every second, fourth, eighth row and column) of the mean of
/// |r_a - r_b| over the neighbours a, b of a row or a column that are both valid; r [B,H,W] finite,
/// mask [B,H,W] bool. The multi-scale gradient matching of arXiv 1907.01341, equation 11.
at::Tensor gradient_matching(const at::Tensor& residual, const at::Tensor& mask);

/// Mean over the valid pixels of all images together of the angle in radians between prediction and
/// target, acos(clamp(p . n)). prediction, target [B,H,W,3], mask [B,H,W] bool, as above.
Loss mean_angle(const at::Tensor& prediction, const at::Tensor& target, const at::Tensor& mask);

/// Mean over the selected elements of (prediction - target)^2; mask bool of their shape. The loss
/// of the diffusion objective.
Loss masked_mean_squares(const at::Tensor& prediction,
                         const at::Tensor& target,
                         const at::Tensor& mask);

}  // namespace onestep
