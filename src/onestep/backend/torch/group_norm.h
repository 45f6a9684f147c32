#pragma once

#include <ATen/ATen.h>

#include <cstdint>

namespace onestep {

struct GroupNormCall {
  at::Tensor weight;  ///< [C]
  at::Tensor bias;    ///< [C]
  std::int64_t groups = 1;
  double epsilon = 1e-5;
  bool silu = false;  ///< of the result
};

/// Group normalisation of x [B,H,W,C] in float32 or float64 on a CPU, with gradients to x, weight
/// and bias: contiguous in, contiguous out, the variance as the mean square of differences. Between
/// maps whose channels lie together it saves the copies that torch's kernel needs (its other one
/// takes the variance as a difference of squares), and with SiLU one map for the gradients. On the
/// meta device it makes shapes.
at::Tensor group_norm_of_pixels(const at::Tensor& x, const GroupNormCall& call);

}  // namespace onestep
