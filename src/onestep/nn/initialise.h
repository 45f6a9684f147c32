#pragma once

#include "onestep/base/random.h"
#include "onestep/nn/layer_visitor.h"

namespace onestep {

/// Fills declared layers as torch initialises them: uniform within 1/sqrt(fan in), weight then
/// bias; norms with ones and zeros; embeddings normal. Layers are drawn in the order of the visit,
/// which is the order in which the reference constructs them, so that a seed gives the same
/// network.
class TorchInitialiser final : public LayerVisitor {
 public:
  explicit TorchInitialiser(TorchGenerator& generator) : generator_(generator) {}
  void operator()(const std::string& key, Conv& conv) override;
  void operator()(const std::string& key, Linear& linear) override;
  void operator()(const std::string& key, GroupNorm& norm) override;
  void operator()(const std::string& key, LayerNorm& norm) override;
  void operator()(const std::string& key, Embedding& embedding) override;

 private:
  void draw(Array& weight, Array& bias);

  TorchGenerator& generator_;
};

/// torch.randn of a shape.
Array randn(TorchGenerator& generator, const Shape& shape);

}  // namespace onestep
