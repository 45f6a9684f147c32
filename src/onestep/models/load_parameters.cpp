#include "onestep/models/load_parameters.h"

#include "onestep/base/check.h"

#include <algorithm>
#include <utility>

namespace onestep {
namespace {

/// Calls `use(key, array)` for every parameter that a layer has.
template <typename Layer, typename Use>
void for_each_parameter(const std::string& key, Layer& layer, const Use& use) {
  use(join_key(key, "weight"), layer.weight);
  if constexpr (requires { layer.bias; }) {
    if (layer.bias.elements() > 0) use(join_key(key, "bias"), layer.bias);
  }
}

/// [D,C] for [D,C,1,1]: what a 1x1 convolution does to every pixel.
Shape as_linear(const Shape& shape) {
  const bool pointwise = shape.size() == 4 && shape[2] == 1 && shape[3] == 1;
  return pointwise ? Shape{shape[0], shape[1]} : shape;
}

/// A tensor's name from a file, fit for a message of one line.
std::string printable(const std::string& name) {
  constexpr std::size_t kLongest = 120;
  std::string text = name.size() > kLongest ? name.substr(0, kLongest) + "..." : name;
  std::replace_if(
      text.begin(), text.end(), [](unsigned char c) { return c < 0x20 || c == 0x7f; }, '?');
  return text;
}

/// "2 missing (a, b)", at most ten of them by name.
void append_list(std::string& message, const char* kind, const std::vector<std::string>& items) {
  constexpr std::size_t kShown = 10;
  if (items.empty()) return;
  message += (message.empty() ? "" : "; ") + concatenate(items.size(), " ", kind, " (");
  for (std::size_t i = 0; i < std::min(items.size(), kShown); ++i) {
    message += (i > 0 ? ", " : "") + items[i];
  }
  if (items.size() > kShown) message += concatenate(", and ", items.size() - kShown, " more");
  message += ")";
}

}  // namespace

ParameterLoader::ParameterLoader(const StateDict& state, std::string where)
    : state_(state), where_(std::move(where)) {}

void ParameterLoader::take(const std::string& key, Array& declared) {
  const auto found = state_.find(key);
  if (found == state_.end()) {
    missing_.push_back(key);
    return;
  }
  used_.insert(key);
  const Array& array = found->second;
  if (!is_floating(array.dtype())) {
    misshapen_.push_back(concatenate(key, " holds ", to_string(array.dtype()), ", not floats"));
  } else if (as_linear(array.shape()) != as_linear(declared.shape())) {
    misshapen_.push_back(concatenate(key, " is ", to_string(array.shape()), ", expected ",
                                     to_string(declared.shape())));
  } else {
    declared = array.reshaped(declared.shape());
  }
}

void ParameterLoader::operator()(const std::string& key, Conv& conv) {
  for_each_parameter(key, conv, [&](const auto& name, Array& array) { take(name, array); });
}

void ParameterLoader::operator()(const std::string& key, Linear& linear) {
  for_each_parameter(key, linear, [&](const auto& name, Array& array) { take(name, array); });
}

void ParameterLoader::operator()(const std::string& key, GroupNorm& norm) {
  for_each_parameter(key, norm, [&](const auto& name, Array& array) { take(name, array); });
}

void ParameterLoader::operator()(const std::string& key, LayerNorm& norm) {
  for_each_parameter(key, norm, [&](const auto& name, Array& array) { take(name, array); });
}

void ParameterLoader::operator()(const std::string& key, Embedding& embedding) {
  for_each_parameter(key, embedding, [&](const auto& name, Array& array) { take(name, array); });
}

void ParameterLoader::finish() const {
  std::vector<std::string> unexpected;
  for (const auto& [name, array] : state_) {
    if (used_.count(name) == 0) unexpected.push_back(printable(name));
  }
  std::string problems;
  append_list(problems, "missing", missing_);
  append_list(problems, "unexpected", unexpected);
  append_list(problems, "misshapen", misshapen_);
  check(problems.empty(), where_,
        ": the tensors are not those of the configuration beside it: ", problems);
}

void StateCollector::operator()(const std::string& key, Conv& layer) {
  for_each_parameter(key, layer, [&](const auto& n, Array& a) { state[n] = a; });
}

void StateCollector::operator()(const std::string& key, Linear& layer) {
  for_each_parameter(key, layer, [&](const auto& n, Array& a) { state[n] = a; });
}

void StateCollector::operator()(const std::string& key, GroupNorm& layer) {
  for_each_parameter(key, layer, [&](const auto& n, Array& a) { state[n] = a; });
}

void StateCollector::operator()(const std::string& key, LayerNorm& layer) {
  for_each_parameter(key, layer, [&](const auto& n, Array& a) { state[n] = a; });
}

void StateCollector::operator()(const std::string& key, Embedding& layer) {
  for_each_parameter(key, layer, [&](const auto& n, Array& a) { state[n] = a; });
}

StateDict with_current_attention_names(StateDict state) {
  const std::pair<std::string, std::string> renamed[] = {
      {"query", "to_q"}, {"key", "to_k"}, {"value", "to_v"}, {"proj_attn", "to_out.0"}};
  for (const std::string part : {"encoder", "decoder"}) {
    for (const auto& [old_name, name] : renamed) {
      for (const std::string parameter : {".weight", ".bias"}) {
        const auto prefix = part + ".mid_block.attentions.0.";
        auto node = state.extract(prefix + old_name + parameter);
        if (node.empty()) continue;
        node.key() = prefix + name + parameter;
        node.mapped() = node.mapped().reshaped(as_linear(node.mapped().shape()));
        // With both names in one file the old one stays, for strict loading to report.
        auto inserted = state.insert(std::move(node));
        if (inserted.inserted) continue;
        inserted.node.key() = prefix + old_name + parameter;
        state.insert(std::move(inserted.node));
      }
    }
  }
  return state;
}

StateDict with_convolution_projections(StateDict state) {
  for (auto& [name, array] : state) {
    const bool projection = name.ends_with(".proj_in.weight") || name.ends_with(".proj_out.weight");
    if (projection && array.rank() == 2) {
      array = array.reshaped({array.size(0), array.size(1), 1, 1});
    }
  }
  return state;
}

StateDict without_text_model_prefix(StateDict state) {
  const std::string prefix = "text_model.";
  StateDict result;
  for (auto& [name, array] : state) {
    const auto bare = name.rfind(prefix, 0) == 0 ? name.substr(prefix.size()) : name;
    if (bare != "embeddings.position_ids") result.emplace(bare, std::move(array));
  }
  return result;
}

Fingerprint fingerprint(const StateDict& state) {
  Fingerprint result;
  for (const auto& [name, array] : state) {
    const auto values = array.to(DType::float64);
    ++result.tensors;
    result.parameters += values.elements();
    for (const double value : values.view<double>()) {
      result.sum += value;
      result.sum_of_squares += value * value;
    }
  }
  return result;
}

}  // namespace onestep
