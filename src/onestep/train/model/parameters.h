#pragma once

#include "onestep/backend/torch/torch_storage.h"
#include "onestep/nn/layer_visitor.h"
#include "onestep/tensor/array.h"

#include <ATen/ATen.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace onestep {

/// A parameter under its checkpoint key: "conv_in.weight".
struct NamedParameter {
  std::string name;
  at::Tensor value;  ///< shared with the prepared layer
};

/// The visitor behind parameters_of.
class ParameterCollector final : public LayerVisitor {
 public:
  void operator()(const std::string& key, Conv& conv) override { take(key, conv.prepared); }
  void operator()(const std::string& key, Linear& linear) override { take(key, linear.prepared); }
  void operator()(const std::string& key, GroupNorm& norm) override { take(key, norm.prepared); }
  void operator()(const std::string& key, LayerNorm& norm) override { take(key, norm.prepared); }
  void operator()(const std::string& /*key*/, Embedding& /*embedding*/) override {}

  std::vector<NamedParameter> parameters;

 private:
  void take(const std::string& key, const std::shared_ptr<const Prepared>& prepared);
};

/// The parameters of a network whose layers make_torch_preparer prepared, in the order of the
/// visit; tables of embeddings are left out.
template <typename Network>
std::vector<NamedParameter> parameters_of(Network& network) {
  ParameterCollector collector;
  network.visit(collector);
  return std::move(collector.parameters);
}

/// The values alone.
std::vector<at::Tensor> values_of(const std::vector<NamedParameter>& parameters);

/// The parameter of this name. Throws Error when there is none.
const at::Tensor& parameter_named(const std::vector<NamedParameter>& parameters,
                                  std::string_view name);

/// The bytes of a tensor as an array of its dtype and shape: shared where the tensor is on the CPU
/// and contiguous (it must not change meanwhile), else copied.
Array as_array(const at::Tensor& tensor);

}  // namespace onestep
