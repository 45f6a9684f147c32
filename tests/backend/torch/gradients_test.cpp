// Gradients of every operation against central differences in double precision.

#include "onestep/backend/torch/torch_storage.h"
#include "onestep/base/check.h"

#include <ATen/record_function.h>
#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>

#include <algorithm>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "backend/cases/random_layers.h"

namespace onestep::testing {
namespace {

TorchOptions double_options() {
  TorchOptions options;
  options.precision = TorchPrecision::float64;
  options.gradients = true;
  return options;
}

/// An operation on leaves: inputs and prepared weights, each a tensor that wants a gradient.
class Differentiated {
 public:
  explicit Differentiated(const std::string& name, TorchOptions options = double_options())
      : layers(name),
        options_(std::move(options)),
        backend_(make_torch_backend(run_, options_)),
        preparer_(make_torch_preparer(options_, /*trainable=*/true)) {}

  Tensor input(const Extent& extent) {
    const Array array = layers.array({extent.batch, extent.height, extent.width, extent.channels});
    Tensor x = backend_->upload(array);
    unwrapped(x).set_requires_grad(true);
    leaves_.push_back(unwrapped(x));
    return x;
  }

  template <typename Layer>
  Layer prepared(Layer layer) {
    preparer_->prepare("layer", layer);
    const TorchPrepared& kept = torch_prepared(layer.prepared);
    leaves_.push_back(kept.weight);
    if (kept.bias.defined()) leaves_.push_back(kept.bias);
    return layer;
  }

  Backend& b() { return *backend_; }

  /// The scalar sum(result * fixed random numbers).
  static at::Tensor scalar(const Tensor& result) {
    const at::Tensor value = unwrapped(result);
    const at::Tensor weight =
        at::arange(value.numel(), value.options()).mul(0.7).sin().reshape(value.sizes());
    return (value * weight).sum();
  }

  void expect_gradients(const std::function<Tensor()>& operation) {
    torch::autograd::backward({scalar(operation())});
    for (const at::Tensor& leaf : leaves_) {
      ASSERT_TRUE(leaf.grad().defined());
      at::Tensor values = leaf.detach().view(-1);  // the same memory
      const at::Tensor gradient = leaf.grad().reshape(-1);
      const std::int64_t step = std::max<std::int64_t>(1, values.numel() / 7);
      for (std::int64_t i = 0; i < values.numel(); i += step) {
        const double value = values[i].item<double>();
        constexpr double kStep = 1e-5;
        const auto at_value = [&](double changed) {
          values[i] = changed;
          return scalar(operation()).item<double>();
        };
        const double numeric = (at_value(value + kStep) - at_value(value - kStep)) / (2 * kStep);
        values[i] = value;
        EXPECT_NEAR(gradient[i].item<double>(), numeric, 1e-6 * std::max(1.0, std::abs(numeric)))
            << leaf.sizes() << " element " << i;
      }
    }
  }

  RandomLayers layers;

 private:
  TorchOptions options_;
  onestep::Run run_;
  std::unique_ptr<Backend> backend_;
  std::unique_ptr<Preparer> preparer_;
  std::vector<at::Tensor> leaves_;
};

TEST(TorchGradients, OfConvolutionsWithAllThatSurroundsThem) {
  Differentiated d("conv");
  const Tensor x = d.input({2, 5, 4, 6});
  const GroupNorm norm = d.prepared(d.layers.group_norm(6, 3));
  Conv conv = d.layers.conv(4, 6, {3, 3});
  conv.padding = Padding::around(1);
  conv = d.prepared(conv);
  const Tensor add = d.input({2, 1, 1, 4});
  const Tensor residual = d.input({2, 5, 4, 4});
  d.expect_gradients([&] {
    return d.b().conv2d(x, conv,
                        {.norm = &norm, .silu = true, .channel_add = add, .residual = residual});
  });
}

TEST(TorchGradients, OfUpsamplingToACroppedSize) {
  Differentiated d("upsample");
  const Tensor x = d.input({1, 3, 4, 4});
  Conv conv = d.layers.conv(2, 4, {3, 3});
  conv.padding = Padding::around(1);
  conv.upsample = true;
  conv = d.prepared(conv);
  d.expect_gradients([&] { return d.b().conv2d(x, conv, {.output_size = MapSize{5, 8}}); });
}

TEST(TorchGradients, OfHalvingWithUnevenPadding) {
  Differentiated d("halving");
  const Tensor x = d.input({1, 5, 6, 3});
  Conv conv = d.layers.conv(4, 3, {3, 3});
  conv.stride = 2;
  conv.padding = {.top = 0, .bottom = 1, .left = 0, .right = 1};
  conv = d.prepared(conv);
  d.expect_gradients([&] { return d.b().conv2d(x, conv); });
}

TEST(TorchGradients, OfLinearLayersWithGegluAndLayerNorm) {
  Differentiated d("linear");
  const Tensor x = d.input({2, 3, 2, 8});
  const LayerNorm norm = d.prepared(d.layers.layer_norm(8));
  const Linear linear = d.prepared(d.layers.linear(6, 8));
  const Tensor residual = d.input({2, 3, 2, 3});
  d.expect_gradients([&] {
    return d.b().linear(
        x, linear, {.layer_norm = &norm, .activation = Activation::geglu, .residual = residual});
  });
}

TEST(TorchGradients, OfLinearLayersBehindGroupNorm) {
  Differentiated d("linear group");
  const Tensor x = d.input({1, 3, 2, 8});
  const GroupNorm norm = d.prepared(d.layers.group_norm(8, 2));
  const Linear linear = d.prepared(d.layers.linear(5, 8, /*bias=*/false));
  d.expect_gradients([&] {
    return d.b().linear(x, linear, {.group_norm = &norm, .activation = Activation::gelu});
  });
}

TEST(TorchGradients, OfAttentionToSharedTokens) {
  Differentiated d("attention");
  const Tensor q = d.input({2, 3, 2, 8});
  const Tensor k = d.input({1, 4, 1, 8});
  const Tensor v = d.input({1, 4, 1, 8});
  d.expect_gradients([&] { return d.b().attention(q, k, v, 2); });
}

TEST(TorchGradients, OfCausalAttention) {
  Differentiated d("causal");
  const Tensor q = d.input({1, 5, 1, 4});
  const Tensor k = d.input({1, 5, 1, 4});
  const Tensor v = d.input({1, 5, 1, 4});
  d.expect_gradients([&] { return d.b().attention(q, k, v, 1, true); });
}

TEST(TorchGradients, OfNormsActivationsSumsAndConcatenations) {
  Differentiated d("others");
  const Tensor a = d.input({2, 2, 3, 4});
  const Tensor c = d.input({2, 2, 3, 4});
  const GroupNorm group = d.prepared(d.layers.group_norm(8, 4));
  const LayerNorm layer = d.prepared(d.layers.layer_norm(4));
  d.expect_gradients([&] {
    Backend& b = d.b();
    const Tensor sum = b.add(b.layer_norm(a, layer), b.activate(c, Activation::quick_gelu));
    return b.group_norm(b.concat_channels(b.activate(sum, Activation::silu), a), group, true);
  });
}

/// Two regions, the second fed by the first, on a block that is used by both.
Tensor two_regions(Backend& b, const Tensor& x, const Conv& conv, const GroupNorm& norm) {
  const auto body = [&b, &conv, &norm](Backend::Inputs in) {
    return b.conv2d(in[0], conv, {.norm = &norm, .silu = true, .residual = in[0]});
  };
  return b.region("second", {b.region("first", {x}, body)}, body);
}

/// One after the other.
std::vector<float> gradients_of(const std::vector<at::Tensor>& leaves) {
  std::vector<float> all;
  for (const at::Tensor& leaf : leaves) {
    const Array gradient = to_array(leaf.grad());
    const auto values = gradient.view<float>();
    all.insert(all.end(), values.begin(), values.end());
  }
  return all;
}

TEST(GradientCheckpointing, ChangesNotOneBitAndRunsTheRegionAgain) {
  std::vector<std::vector<float>> gradients;
  for (const bool checkpoints : {false, true}) {
    TorchOptions options;
    options.gradients = true;
    if (checkpoints) options.checkpointed = [](std::string_view) { return true; };
    Differentiated d("checkpoint", options);
    const Tensor x = d.input({2, 6, 5, 8});
    const GroupNorm norm = d.prepared(d.layers.group_norm(8, 4));
    Conv conv = d.layers.conv(8, 8, {3, 3});
    conv.padding = Padding::around(1);
    conv = d.prepared(conv);
    torch::autograd::backward({Differentiated::scalar(two_regions(d.b(), x, conv, norm))});
    gradients.push_back(
        gradients_of({unwrapped(x), torch_prepared(conv.prepared).weight,
                      torch_prepared(conv.prepared).bias, torch_prepared(norm.prepared).weight}));
  }
  EXPECT_EQ(gradients[0], gradients[1]);
}

/// How often torch convolves on this thread while it lives.
class CountedConvolutions {
 public:
  CountedConvolutions()
      : handle_(at::addThreadLocalCallback(
            at::RecordFunctionCallback([](const at::RecordFunction& function) {
              if (std::string_view(function.name()) == "aten::convolution") ++count;
              return std::unique_ptr<at::ObserverContext>();
            }).scopes({at::RecordScope::FUNCTION}))) {
    count = 0;
  }
  ~CountedConvolutions() { at::removeCallback(handle_); }
  CountedConvolutions(const CountedConvolutions&) = delete;
  CountedConvolutions& operator=(const CountedConvolutions&) = delete;

  static inline thread_local int count = 0;

 private:
  at::CallbackHandle handle_;
};

TEST(GradientCheckpointing, DoesNotConvolveAgainForAResultThatNobodyLooksAt) {
  std::vector<std::vector<float>> gradients;
  for (const bool checkpoints : {false, true}) {
    TorchOptions options;
    options.gradients = true;
    if (checkpoints) options.checkpointed = [](std::string_view) { return true; };
    Differentiated d("last convolution", options);
    const Tensor x = d.input({2, 6, 5, 8});
    Conv conv = d.layers.conv(8, 8, {3, 3});
    conv.padding = Padding::around(1);
    const Conv first = d.prepared(conv);
    Conv down = d.layers.conv(4, 8, {3, 3});
    down.stride = 2;
    down.padding = {.top = 0, .bottom = 1, .left = 0, .right = 1};
    down = d.prepared(down);
    const CountedConvolutions counted;
    const Tensor y = d.b().region("two", {x}, [&](Backend::Inputs in) {
      return d.b().conv2d(d.b().conv2d(in[0], first), down);
    });
    torch::autograd::backward({Differentiated::scalar(y)});
    EXPECT_EQ(counted.count, checkpoints ? 3 : 2);
    gradients.push_back(
        gradients_of({unwrapped(x), torch_prepared(first.prepared).weight,
                      torch_prepared(down.prepared).weight, torch_prepared(down.prepared).bias}));
  }
  EXPECT_EQ(gradients[0], gradients[1]);
}

TEST(GradientCheckpointing, ReachesTheWeightsOfARegionWhoseInputWantsNoGradient) {
  TorchOptions options = double_options();
  options.checkpointed = [](std::string_view name) { return name == "only"; };
  Differentiated d("no gradient", options);
  const Tensor x = d.b().upload(d.layers.array({1, 4, 4, 3}));
  Conv conv = d.prepared(d.layers.conv(2, 3, {1, 1}));
  int runs = 0;
  d.expect_gradients([&] {
    return d.b().region("only", {x}, [&](Backend::Inputs in) {
      ++runs;
      return d.b().conv2d(in[0], conv);
    });
  });
  EXPECT_GE(runs, 3);
}

TEST(GradientCheckpointing, KeepsEmptyInputsEmpty) {
  TorchOptions options = double_options();
  options.checkpointed = [](std::string_view) { return true; };
  Differentiated d("empty", options);
  const Tensor x = d.input({1, 2, 2, 3});
  d.expect_gradients([&] {
    return d.b().region("empty", {x, Tensor()}, [&](Backend::Inputs in) {
      EXPECT_FALSE(static_cast<bool>(in[1]));
      return d.b().activate(in[0], Activation::silu);
    });
  });
}

}  // namespace
}  // namespace onestep::testing
