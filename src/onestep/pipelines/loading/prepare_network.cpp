#include "onestep/pipelines/loading/prepare_network.h"

#include <utility>

namespace onestep {
namespace {

/// The shape stays, the bytes go, unless the prepared layer holds on to them: once nobody does, the
/// file is unmapped.
void drop_bytes(Array& array) {
  array = Array::declared(array.dtype(), array.shape());
}

template <typename Layer>
std::int64_t layer_bytes(const Layer& layer) {
  return layer.weight.bytes() + layer.bias.bytes();
}

}  // namespace

void ParameterBytes::operator()(const std::string& /*key*/, Conv& conv) {
  bytes_ += layer_bytes(conv);
}
void ParameterBytes::operator()(const std::string& /*key*/, Linear& linear) {
  bytes_ += layer_bytes(linear);
}
void ParameterBytes::operator()(const std::string& /*key*/, GroupNorm& norm) {
  bytes_ += layer_bytes(norm);
}
void ParameterBytes::operator()(const std::string& /*key*/, LayerNorm& norm) {
  bytes_ += layer_bytes(norm);
}
void ParameterBytes::operator()(const std::string& /*key*/, Embedding& embedding) {
  bytes_ += embedding.weight.bytes();
}

NetworkPreparer::NetworkPreparer(Preparer& preparer,
                                 std::string where,
                                 std::stop_token stop,
                                 std::function<void(std::int64_t)> on_layer)
    : preparer_(preparer),
      where_(std::move(where)),
      stop_(std::move(stop)),
      on_layer_(std::move(on_layer)) {}

template <typename Layer>
void NetworkPreparer::prepare(const std::string& key, Layer& layer) {
  if (stop_.stop_requested()) throw Cancelled();
  const std::int64_t bytes = layer_bytes(layer);
  try {
    preparer_.prepare(key, layer);
  } catch (const Cancelled&) {
    throw;
  } catch (const Error& error) {
    fail(where_, ": ", error.what(), "; is the file damaged?");
  }
  drop_bytes(layer.weight);
  drop_bytes(layer.bias);
  on_layer_(bytes);
}

void NetworkPreparer::operator()(const std::string& key, Conv& conv) {
  prepare(key, conv);
}
void NetworkPreparer::operator()(const std::string& key, Linear& linear) {
  prepare(key, linear);
}
void NetworkPreparer::operator()(const std::string& key, GroupNorm& norm) {
  prepare(key, norm);
}
void NetworkPreparer::operator()(const std::string& key, LayerNorm& norm) {
  prepare(key, norm);
}
void NetworkPreparer::operator()(const std::string& /*key*/, Embedding& embedding) {
  on_layer_(embedding.weight.bytes());  // a table is read where it is
}

}  // namespace onestep
