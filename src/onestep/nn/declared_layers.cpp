#include "onestep/nn/declared_layers.h"

#include "onestep/base/check.h"

namespace onestep {
namespace {

Array declared(Shape shape) {
  return Array::declared(DType::float32, std::move(shape));
}

}  // namespace

Conv declared_conv(std::int64_t in_channels, std::int64_t out_channels, int kernel) {
  return {.weight = declared({out_channels, in_channels, kernel, kernel}),
          .bias = declared({out_channels}),
          .stride = 1,
          .padding = Padding::around((kernel - 1) / 2),
          .upsample = false,
          .prepared = nullptr};
}

Linear declared_linear(std::int64_t in_features, std::int64_t out_features, bool bias) {
  return {.weight = declared({out_features, in_features}),
          .bias = declared({bias ? out_features : 0}),
          .prepared = nullptr};
}

GroupNorm declared_group_norm(std::int64_t channels, int groups, double epsilon) {
  check(groups > 0 && channels % groups == 0, "group norm: ", channels,
        " channels cannot be split into ", groups, " equal groups");
  return {.weight = declared({channels}),
          .bias = declared({channels}),
          .groups = groups,
          .epsilon = epsilon,
          .prepared = nullptr};
}

LayerNorm declared_layer_norm(std::int64_t channels, double epsilon) {
  return {.weight = declared({channels}),
          .bias = declared({channels}),
          .epsilon = epsilon,
          .prepared = nullptr};
}

Embedding declared_embedding(std::int64_t rows, std::int64_t width) {
  return {.weight = declared({rows, width})};
}

}  // namespace onestep
