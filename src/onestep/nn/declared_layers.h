#pragma once

#include "onestep/backend/layer.h"

#include <cstdint>

namespace onestep {

/// Layers with declared shapes and no values yet, as networks are built from a configuration.

/// A square convolution of stride 1 that keeps the size of the map: padding (kernel - 1) / 2.
Conv declared_conv(std::int64_t in_channels, std::int64_t out_channels, int kernel);

/// weight [out,in] and, unless told otherwise, bias [out].
Linear declared_linear(std::int64_t in_features, std::int64_t out_features, bool bias = true);

/// Throws Error unless `groups` divides `channels`.
GroupNorm declared_group_norm(std::int64_t channels, int groups, double epsilon);

LayerNorm declared_layer_norm(std::int64_t channels, double epsilon = 1e-5);

Embedding declared_embedding(std::int64_t rows, std::int64_t width);

}  // namespace onestep
