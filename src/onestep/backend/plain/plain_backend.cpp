#include "onestep/backend/plain/plain_backend.h"

#include "onestep/backend/plain/plain_map.h"

#include <memory>
#include <optional>
#include <utility>

namespace onestep {
namespace {

Tensor stored(PlainMap map) {
  auto storage = std::make_shared<PlainStorage>();
  storage->map = std::move(map);
  return {storage->map.extent, storage};
}

const PlainMap& map_of(const Tensor& x) {
  return x.storage<PlainStorage>().map;
}

}  // namespace

Array PlainBackend::download_double(const Tensor& x) {
  return Array::of({x.batch(), x.height(), x.width(), x.channels()}, map_of(x).values);
}

Tensor PlainBackend::do_upload(const Array& array, const Extent& extent) {
  PlainMap map;
  map.extent = extent;
  map.values = widened(array);
  return stored(std::move(map));
}

Array PlainBackend::do_download(const Tensor& x) {
  return download_double(x).to(DType::float32);
}

Tensor PlainBackend::do_conv2d(const Tensor& x,
                               const Conv& conv,
                               const ConvOptions& options,
                               const Extent& /*output*/) {
  PlainMap map = map_of(x);
  if (options.norm != nullptr) map = plain_group_norm(map, *options.norm);
  if (options.silu) map = plain_activation(std::move(map), Activation::silu);
  if (conv.upsample) {
    const MapSize doubled{2 * x.height(), 2 * x.width()};
    map = plain_doubled(map, options.output_size.value_or(doubled));
  }
  map = plain_conv(plain_padded(map, conv.padding), conv, executed_multiply_adds_);
  if (options.channel_add) map = plain_channel_sum(std::move(map), map_of(options.channel_add));
  if (options.residual) map = plain_sum(std::move(map), map_of(options.residual));
  return stored(std::move(map));
}

Tensor PlainBackend::do_linear(const Tensor& x,
                               const Linear& linear,
                               const LinearOptions& options,
                               const Extent& /*output*/) {
  std::optional<PlainMap> normalised;
  if (options.layer_norm != nullptr) normalised = plain_layer_norm(map_of(x), *options.layer_norm);
  if (options.group_norm != nullptr) normalised = plain_group_norm(map_of(x), *options.group_norm);
  PlainMap map =
      plain_linear(normalised ? *normalised : map_of(x), linear, executed_multiply_adds_);
  map = plain_activation(std::move(map), options.activation);
  if (options.residual) map = plain_sum(std::move(map), map_of(options.residual));
  return stored(std::move(map));
}

Tensor PlainBackend::do_attention(
    const Tensor& q, const Tensor& k, const Tensor& v, int heads, bool causal) {
  return stored(
      plain_attention(map_of(q), map_of(k), map_of(v), heads, causal, executed_multiply_adds_));
}

Tensor PlainBackend::do_group_norm(const Tensor& x, const GroupNorm& norm, bool silu) {
  return stored(plain_activation(plain_group_norm(map_of(x), norm),
                                 silu ? Activation::silu : Activation::none));
}

Tensor PlainBackend::do_layer_norm(const Tensor& x, const LayerNorm& norm) {
  return stored(plain_layer_norm(map_of(x), norm));
}

Tensor PlainBackend::do_activate(const Tensor& x, Activation activation) {
  return stored(plain_activation(map_of(x), activation));
}

Tensor PlainBackend::do_concat_channels(const Tensor& a,
                                        const Tensor& b,
                                        const Extent& /*output*/) {
  return stored(plain_concat(map_of(a), map_of(b)));
}

Tensor PlainBackend::do_add(const Tensor& a, const Tensor& b) {
  return stored(plain_sum(map_of(a), map_of(b)));
}

}  // namespace onestep
