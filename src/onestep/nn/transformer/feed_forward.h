#pragma once

#include "onestep/backend/backend.h"
#include "onestep/nn/layer_visitor.h"

namespace onestep {

/// A gated linear unit of four times the width (GEGLU), and back.
struct FeedForward {
  explicit FeedForward(int channels);

  void visit(LayerVisitor& visitor, const std::string& prefix);

  /// project_out(a * gelu(g)) + residual, (a, g) = project_in(norm(x)): x [B,H,W,C] -> [B,H,W,C]
  Tensor operator()(Backend& b,
                    const Tensor& x,
                    const LayerNorm* norm,
                    const Tensor& residual) const;

  Linear project_in;   ///< key "net.0.proj", [8C,C]
  Linear project_out;  ///< key "net.2", [C,4C]
};

}  // namespace onestep
