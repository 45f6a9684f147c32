#pragma once

#include "onestep/backend/backend.h"
#include "onestep/nn/layer_visitor.h"

#include <cstdint>
#include <memory>
#include <vector>

namespace onestep {

/// CLIPTextConfig with the library's defaults for missing keys.
struct ClipTextConfig {
  int vocab_size = 49408;
  int hidden_size = 512;
  int intermediate_size = 2048;
  int num_hidden_layers = 12;
  int num_attention_heads = 8;
  int max_position_embeddings = 77;
  Activation hidden_act = Activation::quick_gelu;
  double layer_norm_eps = 1e-5;
};

/// CLIP's text tower without the pooled output.
class ClipText {
 public:
  explicit ClipText(ClipTextConfig config);
  ClipText(ClipText&&) noexcept;
  ClipText& operator=(ClipText&&) noexcept;
  ~ClipText();

  const ClipTextConfig& config() const;
  void visit(LayerVisitor& visitor);  ///< keys without the "text_model." prefix

  /// ids: one row per sequence, all of one length -> last hidden state after the final norm,
  /// [B,L,1,hidden]. Throws Error for an id outside the vocabulary or a sequence longer than
  /// max_position_embeddings.
  Tensor operator()(Backend& backend, const std::vector<std::vector<std::int64_t>>& ids) const;

 private:
  struct Blocks;
  std::unique_ptr<Blocks> blocks_;
};

}  // namespace onestep
