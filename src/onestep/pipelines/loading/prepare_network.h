#pragma once

#include "onestep/backend/backend.h"
#include "onestep/base/check.h"
#include "onestep/nn/layer_visitor.h"

#include <cstdint>
#include <functional>
#include <stop_token>
#include <string>

namespace onestep {

/// Bytes of a network's parameters in the file's dtype.
class ParameterBytes final : public LayerVisitor {
 public:
  void operator()(const std::string& key, Conv& conv) override;
  void operator()(const std::string& key, Linear& linear) override;
  void operator()(const std::string& key, GroupNorm& norm) override;
  void operator()(const std::string& key, LayerNorm& norm) override;
  void operator()(const std::string& key, Embedding& embedding) override;

  std::int64_t bytes() const { return bytes_; }

 private:
  std::int64_t bytes_ = 0;
};

template <typename Network>
std::int64_t parameter_bytes(Network& network) {
  ParameterBytes counter;
  network.visit(counter);
  return counter.bytes();
}

/// Prepares every layer, one after the other, and lets go of its arrays: their shapes stay, what
/// the backend made of them computes.
class NetworkPreparer final : public LayerVisitor {
 public:
  /// `where` begins the message when a layer cannot be prepared; `on_layer(bytes)` is called after
  /// each layer with the bytes of its parameters in the file. Throws Cancelled between two layers
  /// once `stop` is requested.
  NetworkPreparer(Preparer& preparer,
                  std::string where,
                  std::stop_token stop,
                  std::function<void(std::int64_t bytes)> on_layer);
  void operator()(const std::string& key, Conv& conv) override;
  void operator()(const std::string& key, Linear& linear) override;
  void operator()(const std::string& key, GroupNorm& norm) override;
  void operator()(const std::string& key, LayerNorm& norm) override;
  void operator()(const std::string& key, Embedding& embedding) override;

 private:
  template <typename Layer>
  void prepare(const std::string& key, Layer& layer);

  Preparer& preparer_;
  std::string where_;
  std::stop_token stop_;
  std::function<void(std::int64_t)> on_layer_;
};

}  // namespace onestep
