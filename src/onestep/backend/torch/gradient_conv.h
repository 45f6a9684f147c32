#pragma once

#include <ATen/ATen.h>

#include <cstdint>
#include <vector>

namespace onestep {

/// A convolution of x [B,C,H,W] as torch knows it, and what is added to its result.
struct ConvCall {
  at::Tensor x;
  at::Tensor weight;
  at::Tensor bias;      ///< may be empty
  at::Tensor residual;  ///< [B,H',W',D], may be empty
  std::int64_t stride = 1;
  std::vector<std::int64_t> padding;        ///< of rows, of columns
  at::ScalarType result_type = at::kFloat;  ///< of the sum
};

/// A tensor of undefined numbers whose gradients are those of conv2d(call) + residual, [B,H',W',D]:
/// for who needs the gradients and not the result. The same operations as recording conv2d would
/// run backwards, to the same bits.
at::Tensor gradient_of_conv(const ConvCall& call);

}  // namespace onestep
