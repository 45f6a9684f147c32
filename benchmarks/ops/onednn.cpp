#include "onednn.h"

#include <dnnl.hpp>
#include <omp.h>

#include <memory>
#include <string>
#include <unordered_map>
#include <utility>

#include "random_values.h"

namespace onestep {
namespace {

using dnnl::memory;

memory filled(const memory::desc& description, const dnnl::engine& engine, float scale) {
  memory result(description, engine);
  fill_randomly(
      {static_cast<float*>(result.get_data_handle()), description.get_size() / sizeof(float)},
      scale);
  return result;
}

struct Layer {
  dnnl::engine engine{dnnl::engine::kind::cpu, 0};
  dnnl::stream stream{engine};
  dnnl::convolution_forward convolution;
  std::unordered_map<int, memory> arguments;
};

}  // namespace

std::function<void()> onednn_winograd(std::int64_t channels,
                                      std::int64_t height,
                                      std::int64_t width,
                                      int threads) {
  omp_set_num_threads(threads);
  const auto layer = std::make_shared<Layer>();
  const auto plain = [](memory::dims dims, memory::format_tag tag) {
    return memory::desc(std::move(dims), memory::data_type::f32, tag);
  };
  using tag = memory::format_tag;
  const memory::desc map = plain({1, channels, height, width}, tag::nChw16c);
  const memory::desc bias = plain({channels}, tag::x);
  try {
    const dnnl::convolution_forward::primitive_desc description(
        {dnnl::prop_kind::forward_inference,
         dnnl::algorithm::convolution_winograd,
         map,
         plain({channels, channels, 3, 3}, tag::any),
         bias,
         map,
         {1, 1},
         {1, 1},
         {1, 1}},
        layer->engine);
    if (std::string(description.impl_info_str()).find("wino") == std::string::npos) return {};
    memory weights(description.weights_desc(), layer->engine);
    memory given = filled(plain({channels, channels, 3, 3}, tag::oihw), layer->engine, 0.02f);
    dnnl::reorder(given, weights).execute(layer->stream, given, weights);
    layer->stream.wait();
    layer->convolution = dnnl::convolution_forward(description);
    layer->arguments = {{DNNL_ARG_SRC, filled(map, layer->engine, 1.0f)},
                        {DNNL_ARG_WEIGHTS, weights},
                        {DNNL_ARG_BIAS, filled(bias, layer->engine, 0.1f)},
                        {DNNL_ARG_DST, memory(map, layer->engine)}};
  } catch (const dnnl::error&) {
    return {};
  }
  return [layer] {
    layer->convolution.execute(layer->stream, layer->arguments);
    layer->stream.wait();
  };
}

}  // namespace onestep
