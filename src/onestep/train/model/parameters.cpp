#include "onestep/train/model/parameters.h"

#include "onestep/base/check.h"

#include <algorithm>
#include <utility>

namespace onestep {

void ParameterCollector::take(const std::string& key,
                              const std::shared_ptr<const Prepared>& prepared) {
  const TorchPrepared& layer = torch_prepared(prepared);
  parameters.push_back({key + ".weight", layer.weight});
  if (layer.bias.defined()) parameters.push_back({key + ".bias", layer.bias});
}

std::vector<at::Tensor> values_of(const std::vector<NamedParameter>& parameters) {
  std::vector<at::Tensor> values;
  values.reserve(parameters.size());
  for (const NamedParameter& parameter : parameters) values.push_back(parameter.value);
  return values;
}

const at::Tensor& parameter_named(const std::vector<NamedParameter>& parameters,
                                  std::string_view name) {
  const auto found =
      std::find_if(parameters.begin(), parameters.end(),
                   [&](const NamedParameter& parameter) { return parameter.name == name; });
  check(found != parameters.end(), "the network has no parameter ", name);
  return found->value;
}

Array as_array(const at::Tensor& tensor) {
  const bool twice = tensor.scalar_type() == at::kDouble;
  auto owner = std::make_shared<at::Tensor>(
      tensor.detach().to(at::kCPU, twice ? at::kDouble : at::kFloat).contiguous());
  const auto* bytes = static_cast<const std::byte*>(owner->const_data_ptr());
  const Shape shape(owner->sizes().begin(), owner->sizes().end());
  return Array::borrowed(twice ? DType::float64 : DType::float32, shape, bytes, std::move(owner));
}

}  // namespace onestep
