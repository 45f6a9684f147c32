#pragma once

#include "onestep/io/safetensors.h"
#include "onestep/nn/layer_visitor.h"

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace onestep {

/// Fills the declared layers of `network` from `state`, sharing the file's bytes in the file's
/// dtype. Strict: missing, unexpected and misshapen tensors are listed in one Error that begins
/// with `where` (the file), the first ten of each kind with the number of all. A 1x1 convolution's
/// weight [D,C,1,1] and a linear weight [D,C] stand for each other.
template <typename Network>
void load_parameters(Network& network, const StateDict& state, const std::string& where);

/// The visitor behind load_parameters.
class ParameterLoader final : public LayerVisitor {
 public:
  ParameterLoader(const StateDict& state, std::string where);
  void operator()(const std::string& key, Conv& conv) override;
  void operator()(const std::string& key, Linear& linear) override;
  void operator()(const std::string& key, GroupNorm& norm) override;
  void operator()(const std::string& key, LayerNorm& norm) override;
  void operator()(const std::string& key, Embedding& embedding) override;

  /// Throws the Error that lists everything that did not fit.
  void finish() const;

 private:
  void take(const std::string& key, Array& declared);

  const StateDict& state_;
  std::string where_;
  std::set<std::string> used_;
  std::vector<std::string> missing_;
  std::vector<std::string> misshapen_;
};

template <typename Network>
void load_parameters(Network& network, const StateDict& state, const std::string& where) {
  ParameterLoader loader(state, where);
  network.visit(loader);
  loader.finish();
}

/// The arrays of a network's layers by their checkpoint keys: what load_parameters took in.
/// Without bytes where a network is only declared.
template <typename Network>
StateDict parameter_state(Network& network);

/// The visitor behind parameter_state.
class StateCollector final : public LayerVisitor {
 public:
  void operator()(const std::string& key, Conv& conv) override;
  void operator()(const std::string& key, Linear& linear) override;
  void operator()(const std::string& key, GroupNorm& norm) override;
  void operator()(const std::string& key, LayerNorm& norm) override;
  void operator()(const std::string& key, Embedding& embedding) override;

  StateDict state;
};

template <typename Network>
StateDict parameter_state(Network& network) {
  StateCollector collector;
  network.visit(collector);
  return collector.state;
}

/// Names and shapes of all parameters of a network, loaded or only declared. The projections of
/// transformers are listed as [D,C], also where files store them as 1x1 convolutions.
template <typename Network>
std::map<std::string, Shape> parameter_shapes(Network& network) {
  std::map<std::string, Shape> shapes;
  for (const auto& [name, array] : parameter_state(network)) shapes[name] = array.shape();
  return shapes;
}

/// Stable Diffusion's older VAE files name the attention projections query, key, value and
/// proj_attn: the current names, with 4-D weights squeezed.
StateDict with_current_attention_names(StateDict state);

/// The projections around transformers (proj_in, proj_out) as 1x1 convolutions [D,C,1,1]: how files
/// store them for a UNet without `use_linear_projection`.
StateDict with_convolution_projections(StateDict state);

/// Without the "text_model." prefix and without position_ids.
StateDict without_text_model_prefix(StateDict state);

/// What a checkpoint's parameters add up to, float64: the goldens' fingerprint.
struct Fingerprint {
  std::int64_t tensors = 0;
  std::int64_t parameters = 0;
  double sum = 0;
  double sum_of_squares = 0;
};
Fingerprint fingerprint(const StateDict& state);

}  // namespace onestep
