#include "onestep/models/clip_text.h"

#include "onestep/base/check.h"
#include "onestep/models/config/check_config.h"
#include "onestep/nn/declared_layers.h"
#include "onestep/nn/in_region.h"
#include "onestep/nn/transformer/clip_layer.h"

#include <cmath>
#include <utility>

namespace onestep {
namespace {

using Ids = std::vector<std::vector<std::int64_t>>;

ClipTextConfig checked(ClipTextConfig config) {
  check_config(config, "text encoder");
  return config;
}

/// Adds a row of a table in any dtype; only that row of the file is read.
void add_row(const Embedding& table, std::int64_t row, const char* name, double* sum) {
  const auto width = table.weight.size(1);
  const auto* bytes = table.weight.data() + row * width * size_of(table.weight.dtype());
  const auto values =
      Array::borrowed(table.weight.dtype(), {width}, bytes, nullptr).to(DType::float32);
  const float* value = values.view<float>().data();
  for (std::int64_t i = 0; i < width; ++i) {
    check(std::isfinite(value[i]), name, ".weight: NaN or infinity in row ", row);
    sum[i] += value[i];
  }
}

void check_ids(const Ids& ids, const ClipTextConfig& config) {
  check(!ids.empty() && !ids[0].empty(), "text encoder: no token ids");
  check(ids[0].size() <= static_cast<std::size_t>(config.max_position_embeddings),
        "text encoder: ", ids[0].size(), " tokens, at most ", config.max_position_embeddings,
        " fit");
  for (const auto& sequence : ids) {
    check(sequence.size() == ids[0].size(), "text encoder: sequences of ", ids[0].size(), " and ",
          sequence.size(), " tokens in one batch");
    for (const auto id : sequence) {
      check(id >= 0 && id < config.vocab_size, "text encoder: token id ", id,
            " is outside the vocabulary of ", config.vocab_size);
    }
  }
}

}  // namespace

struct ClipText::Blocks {
  explicit Blocks(ClipTextConfig clip_config)
      : config(checked(clip_config)),
        token_embedding(declared_embedding(config.vocab_size, config.hidden_size)),
        position_embedding(declared_embedding(config.max_position_embeddings, config.hidden_size)),
        final_layer_norm(declared_layer_norm(config.hidden_size, config.layer_norm_eps)) {
    for (int i = 0; i < config.num_hidden_layers; ++i) {
      layers.emplace_back(ClipLayerShape{.channels = config.hidden_size,
                                         .hidden_channels = config.intermediate_size,
                                         .heads = config.num_attention_heads,
                                         .activation = config.hidden_act,
                                         .epsilon = config.layer_norm_eps});
    }
  }

  /// token + position, [B,L,C]: float64, in which the sum is exact, for backends in double
  /// precision; rounded to float32 it is what float32 would add up to.
  Array embeddings(const Ids& ids) const {
    const Shape shape = {static_cast<std::int64_t>(ids.size()),
                         static_cast<std::int64_t>(ids[0].size()), config.hidden_size};
    if (!token_embedding.weight.has_data()) return Array::declared(DType::float64, shape);
    Array sum(DType::float64, shape);
    double* row = sum.mutable_view<double>().data();
    for (const auto& sequence : ids) {
      for (std::size_t i = 0; i < sequence.size(); ++i, row += config.hidden_size) {
        add_row(token_embedding, sequence[i], "embeddings.token_embedding", row);
        add_row(position_embedding, static_cast<std::int64_t>(i), "embeddings.position_embedding",
                row);
      }
    }
    return sum;
  }

  ClipTextConfig config;
  Embedding token_embedding;
  Embedding position_embedding;
  std::vector<ClipLayer> layers;
  LayerNorm final_layer_norm;
};

ClipText::ClipText(ClipTextConfig config) : blocks_(std::make_unique<Blocks>(config)) {}
ClipText::ClipText(ClipText&&) noexcept = default;
ClipText& ClipText::operator=(ClipText&&) noexcept = default;
ClipText::~ClipText() = default;

const ClipTextConfig& ClipText::config() const {
  return blocks_->config;
}

void ClipText::visit(LayerVisitor& visitor) {
  auto& n = *blocks_;
  visitor("embeddings.token_embedding", n.token_embedding);
  visitor("embeddings.position_embedding", n.position_embedding);
  for (std::size_t i = 0; i < n.layers.size(); ++i) {
    n.layers[i].visit(visitor, join_key("encoder", "layers", i));
  }
  visitor("final_layer_norm", n.final_layer_norm);
}

Tensor ClipText::operator()(Backend& b, const Ids& ids) const {
  const auto& n = *blocks_;
  check_ids(ids, n.config);
  auto x = b.upload(n.embeddings(ids));
  for (std::size_t i = 0; i < n.layers.size(); ++i) {
    x = in_region(b, join_key("encoder", "layers", i), n.layers[i], x);
  }
  return b.layer_norm(x, n.final_layer_norm);
}

}  // namespace onestep
