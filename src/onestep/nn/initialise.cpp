#include "onestep/nn/initialise.h"

#include <cmath>

namespace onestep {
namespace {

Array filled(const Shape& shape, float value) {
  return Array::of<float>(
      shape, std::vector<float>(static_cast<std::size_t>(element_count(shape)), value));
}

}  // namespace

Array randn(TorchGenerator& generator, const Shape& shape) {
  return Array::of<float>(shape, generator.randn(element_count(shape)));
}

void TorchInitialiser::draw(Array& weight, Array& bias) {
  const auto fan_in = weight.elements() / weight.size(0);
  const auto bound = static_cast<float>(1.0 / std::sqrt(static_cast<double>(fan_in)));
  for (Array* array : {&weight, &bias}) {
    if (array->elements() == 0) continue;
    *array = Array::of<float>(array->shape(), generator_.uniform(array->elements(), -bound, bound));
  }
}

void TorchInitialiser::operator()(const std::string&, Conv& conv) {
  draw(conv.weight, conv.bias);
}

void TorchInitialiser::operator()(const std::string&, Linear& linear) {
  draw(linear.weight, linear.bias);
}

void TorchInitialiser::operator()(const std::string&, GroupNorm& norm) {
  norm.weight = filled(norm.weight.shape(), 1.0F);
  norm.bias = filled(norm.bias.shape(), 0.0F);
}

void TorchInitialiser::operator()(const std::string&, LayerNorm& norm) {
  norm.weight = filled(norm.weight.shape(), 1.0F);
  norm.bias = filled(norm.bias.shape(), 0.0F);
}

void TorchInitialiser::operator()(const std::string&, Embedding& embedding) {
  embedding.weight = randn(generator_, embedding.weight.shape());
}

}  // namespace onestep
