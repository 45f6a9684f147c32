#include "onestep/backend/cpu/cpu_backend.h"

#include "onestep/backend/cpu/workspace.h"
#include "onestep/backend/plan/plan_backend.h"
#include "onestep/base/check.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <memory>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "backend/cases/operation_cases.h"

namespace onestep::testing {
namespace {

std::string to_text(ConvAlgorithm algorithm) {
  switch (algorithm) {
    case ConvAlgorithm::automatic:
      return "automatic";
    case ConvAlgorithm::direct:
      return "direct";
    case ConvAlgorithm::tiles:
      return "tiles";
  }
  return "";
}

/// Computed once per case, because every combination is compared with it.
const Array& kept_reference(const OperationCase& operation) {
  static std::map<std::string, Array> kept;
  const auto found = kept.find(operation.name);
  if (found != kept.end()) return found->second;
  return kept.emplace(operation.name, reference(operation)).first->second;
}

struct Combination {
  std::string simd;
  ConvAlgorithm algorithm;
  int threads;
};

std::vector<Combination> combinations() {
  std::vector<Combination> result;
  for (const std::string& simd : cpu_simd_targets()) {
    for (const ConvAlgorithm algorithm :
         {ConvAlgorithm::automatic, ConvAlgorithm::direct, ConvAlgorithm::tiles}) {
      result.push_back({simd, algorithm, 3});
      if (algorithm != ConvAlgorithm::automatic) continue;
      for (const int threads : {1, 2}) result.push_back({simd, algorithm, threads});
    }
  }
  return result;
}

class CpuCombination : public ::testing::TestWithParam<Combination> {};

TEST_P(CpuCombination, AgreesWithThePlainReferenceOnEveryCase) {
  const Combination& combination = GetParam();
  CpuWorkspace workspace({.threads = combination.threads,
                          .simd = combination.simd,
                          .conv_algorithm = combination.algorithm});
  const auto preparer = make_cpu_preparer(workspace);
  for (const OperationCase& operation : operation_cases()) {
    // The algorithm matters to convolutions only.
    if (combination.algorithm != ConvAlgorithm::automatic && operation.operation != "conv2d") {
      continue;
    }
    onestep::Run state;
    const auto backend = make_cpu_backend(state, workspace);
    const Array got = run(operation, *backend, preparer.get());
    EXPECT_TRUE(agrees(got, kept_reference(operation), operation.tolerance)) << operation.name;
  }
}

INSTANTIATE_TEST_SUITE_P(Every,
                         CpuCombination,
                         ::testing::ValuesIn(combinations()),
                         [](const auto& tested) {
                           return tested.param.simd + "_" + to_text(tested.param.algorithm) + "_" +
                                  std::to_string(tested.param.threads) + "_threads";
                         });

Array ramp(Shape shape) {
  Array array(DType::float32, std::move(shape));
  float value = 0;
  for (float& x : array.mutable_view<float>()) x = std::sin(value += 0.37F);
  return array;
}

Conv small_conv(std::int64_t channels, std::int64_t outputs) {
  return {.weight = ramp({outputs, channels, 3, 3}),
          .bias = ramp({outputs}),
          .padding = Padding::around(1),
          .prepared = nullptr};
}

/// What Error says, or "" when nothing is thrown.
template <typename Function>
std::string message_of(const Function& function) {
  try {
    function();
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

/// A network in small: two convolutions with a skip, attention, a linear layer.
struct SmallNetwork {
  Conv first = small_conv(3, 48);
  Conv second = small_conv(48, 48);  // in tiles
  GroupNorm norm{.weight = ramp({48}), .bias = ramp({48}), .groups = 4, .prepared = nullptr};
  Linear out{.weight = ramp({40, 96}), .bias = ramp({40}), .prepared = nullptr};

  void prepare(Preparer& preparer) {
    preparer.prepare("first", first);
    preparer.prepare("second", second);
    preparer.prepare("norm", norm);
    preparer.prepare("out", out);
  }

  Tensor operator()(Backend& b, const Array& image) const {
    const Tensor x = b.conv2d(b.upload(image), first);
    const Tensor h = b.conv2d(x, second, {.norm = &norm, .silu = true, .residual = x});
    const Tensor a = b.attention(h, x, x, 3);
    const Tensor n = b.group_norm(h, norm);
    return b.linear(b.concat_channels(a, n), out, {.activation = Activation::silu});
  }
};

TEST(CpuWorkspace, NeedsNoMoreMemoryForTheSecondRun) {
  CpuWorkspace workspace({.threads = 2});
  SmallNetwork network;
  network.prepare(*make_cpu_preparer(workspace));
  const Array image = ramp({1, 37, 29, 3});
  std::int64_t after_first = 0;
  for (int i = 0; i < 3; ++i) {
    onestep::Run state;
    const auto backend = make_cpu_backend(state, workspace);
    network(*backend, image);
    if (i == 0) after_first = workspace.arena_bytes();
    EXPECT_EQ(workspace.arena_bytes(), after_first);
  }
  EXPECT_GT(after_first, 0);
}

TEST(CpuWorkspace, HoldsWhatThePlanForetells) {
  CpuWorkspace workspace({.threads = 1});
  SmallNetwork network;
  network.prepare(*make_cpu_preparer(workspace));
  const Array image = ramp({2, 37, 29, 3});
  onestep::Run state;
  network(*make_cpu_backend(state, workspace), image);
  onestep::Run planned;
  PlanBackend plan(planned, cpu_storage_bytes);
  network(plan, image);
  EXPECT_EQ(workspace.arena_bytes(), plan.peak_bytes());
  EXPECT_EQ(state.multiply_adds, planned.multiply_adds);
}

// Of maps of few tiles and of many, of one range of filters and of several, cropped and doubled.
TEST(CpuWorkspace, TransformsNoMoreThanThePlanForetells) {
  struct Layer {
    Extent input;
    std::int64_t outputs;
    bool upsample = false;
  };
  for (const Layer& layer : {Layer{{1, 16, 16, 64}, 48},
                             {{2, 41, 45, 33}, 33},
                             {{1, 33, 40, 704}, 736},
                             {{1, 33, 40, 64}, 48, true},
                             {{3, 5, 7, 64}, 48, true}}) {
    for (const std::string& simd : cpu_simd_targets()) {
      CpuWorkspace workspace({.threads = 2, .simd = simd});
      Conv conv = small_conv(layer.input.channels, layer.outputs);
      conv.upsample = layer.upsample;
      make_cpu_preparer(workspace)->prepare("conv", conv);
      onestep::Run state;
      const auto backend = make_cpu_backend(state, workspace);
      const Extent& in = layer.input;
      const Tensor x = backend->upload(ramp({in.batch, in.height, in.width, in.channels}));
      const Tensor y = backend->conv2d(x, conv);
      const std::int64_t used = workspace.state().transformed.bytes();
      EXPECT_GT(used, 0) << simd;
      EXPECT_LE(used, cpu_transformed_bytes(conv, y.extent())) << simd;
    }
  }
}

TEST(CpuBackend, GivesTheSameBitsInAnyBatch) {
  Conv conv = small_conv(64, 64);
  GroupNorm norm{.weight = ramp({64}), .bias = ramp({64}), .groups = 4, .prepared = nullptr};
  CpuWorkspace workspace({.threads = 2});
  make_cpu_preparer(workspace)->prepare("conv", conv);
  make_cpu_preparer(workspace)->prepare("norm", norm);
  onestep::Run state;
  const auto backend = make_cpu_backend(state, workspace);
  for (const std::int64_t side : {9, 16, 19, 40}) {
    const Array one = ramp({1, side, side, 64});
    Array three(DType::float32, {3, side, side, 64});
    const auto values = one.view<float>();
    for (std::size_t i = 0; i < 3; ++i) {
      std::copy(
          values.begin(), values.end(),
          three.mutable_view<float>().begin() + static_cast<std::ptrdiff_t>(i * values.size()));
    }
    const auto computed = [&](const Array& map) {
      return backend->download(
          backend->group_norm(backend->conv2d(backend->upload(map), conv), norm));
    };
    const Array alone = computed(one);
    const Array together = computed(three);
    const auto expected = alone.view<float>();
    EXPECT_TRUE(
        std::equal(expected.begin(), expected.end(),
                   together.view<float>().end() - static_cast<std::ptrdiff_t>(expected.size())))
        << side;
  }
}

TEST(CpuWorkspace, KeepsTensorsAliveThatOutliveIt) {
  Tensor kept;
  {
    CpuWorkspace workspace({.threads = 1});
    onestep::Run state;
    kept = make_cpu_backend(state, workspace)->upload(ramp({1, 2, 2, 3}));
  }
  CpuWorkspace other({.threads = 1});
  onestep::Run state;
  const Array back = make_cpu_backend(state, other)->download(kept);
  EXPECT_EQ(back.view<float>()[0], std::sin(0.37F));
}

TEST(CpuWorkspace, GivesTheSameBitsWithAnyNumberOfThreads) {
  const Array image = ramp({1, 61, 43, 3});
  std::vector<float> expected;
  for (const int threads : {1, 2, 3}) {
    CpuWorkspace workspace({.threads = threads});
    SmallNetwork network;
    network.prepare(*make_cpu_preparer(workspace));
    onestep::Run state;
    const auto backend = make_cpu_backend(state, workspace);
    const Array got = backend->download(network(*backend, image));
    const auto values = got.view<float>();
    if (threads == 1) expected.assign(values.begin(), values.end());
    EXPECT_TRUE(std::equal(values.begin(), values.end(), expected.begin(), expected.end()));
  }
}

TEST(CpuWorkspace, NamesTheInstructionSetsWhenAskedForAnother) {
  const std::string message = message_of([] { CpuWorkspace workspace({.simd = "altivec"}); });
  EXPECT_NE(message.find("'altivec'"), std::string::npos) << message;
  EXPECT_NE(message.find(cpu_simd_targets().front()), std::string::npos) << message;
  EXPECT_NE(message_of([] { CpuWorkspace workspace({.threads = -1}); }), "");
}

TEST(CpuWorkspace, TakesTheBestInstructionSetAndAllProcessorsByDefault) {
  CpuWorkspace workspace({});
  EXPECT_EQ(workspace.simd(), cpu_simd_targets().front());
  EXPECT_GE(workspace.threads(), 1);
}

TEST(CpuPreparer, NamesTheParameterThatHoldsNaN) {
  CpuWorkspace workspace({.threads = 2});
  const auto preparer = make_cpu_preparer(workspace);
  for (const DType dtype : {DType::float16, DType::bfloat16, DType::float32, DType::float64}) {
    for (const float bad :
         {std::numeric_limits<float>::quiet_NaN(), -std::numeric_limits<float>::infinity()}) {
      Array weight = ramp({40, 5, 3, 3});
      weight.mutable_view<float>()[1234] = bad;
      Conv conv = small_conv(5, 40);
      conv.weight = weight.to(dtype);
      const std::string message = message_of([&] { preparer->prepare("a.conv1", conv); });
      EXPECT_EQ(message.find("a.conv1.weight"), 0U) << message;
    }
  }
  Linear linear{.weight = ramp({3, 4}), .bias = ramp({3}), .prepared = nullptr};
  linear.bias.mutable_view<float>()[2] = std::numeric_limits<float>::infinity();
  EXPECT_EQ(message_of([&] { preparer->prepare("b.out", linear); }).find("b.out.bias"), 0U);
}

TEST(CpuBackend, RefusesLayersThatItCannotRun) {
  CpuWorkspace workspace({.threads = 1});
  Conv conv = small_conv(3, 4);
  onestep::Run state;
  const auto backend = make_cpu_backend(state, workspace);
  const Tensor x = backend->upload(ramp({1, 5, 5, 3}));
  EXPECT_NE(message_of([&] { backend->conv2d(x, conv); }).find("not prepared"), std::string::npos);
  const std::vector<std::string> targets = cpu_simd_targets();
  if (targets.size() < 2) GTEST_SKIP() << "one instruction set here";
  CpuWorkspace other({.threads = 1, .simd = targets.back()});
  make_cpu_preparer(other)->prepare("conv", conv);
  const std::string message = message_of([&] { backend->conv2d(x, conv); });
  EXPECT_NE(message.find(targets.back()), std::string::npos) << message;
  EXPECT_NE(message.find(targets.front()), std::string::npos) << message;
}

TEST(CpuBackend, SharesPreparedLayersBetweenWorkspaces) {
  CpuWorkspace first({.threads = 1});
  CpuWorkspace second({.threads = 2});
  SmallNetwork network;
  network.prepare(*make_cpu_preparer(first));
  const Array image = ramp({1, 9, 7, 3});
  onestep::Run state;
  const auto one = make_cpu_backend(state, first);
  const auto two = make_cpu_backend(state, second);
  EXPECT_TRUE(agrees(one->download(network(*one, image)), two->download(network(*two, image)), 0));
}

// The stop is requested by the progress report of the operation before, so that the next one begins
// with a requested stop, or (threads) meets it between two chunks.
TEST(CpuBackend, StopsOnRequest) {
  CpuWorkspace workspace({.threads = 2});
  SmallNetwork network;
  network.prepare(*make_cpu_preparer(workspace));
  std::stop_source source;
  onestep::Run state;
  state.stop = source.get_token();
  int operations = 0;
  state.on_progress = [&](double) {
    if (++operations == 2) source.request_stop();
  };
  const auto backend = make_cpu_backend(state, workspace);
  EXPECT_THROW(network(*backend, ramp({1, 37, 29, 3})), Cancelled);
  EXPECT_EQ(operations, 2);

  onestep::Run again;
  const auto fresh = make_cpu_backend(again, workspace);
  EXPECT_TRUE(all_finite(fresh->download(network(*fresh, ramp({1, 37, 29, 3})))));
}

TEST(CpuBackend, CarriesNaNThroughEveryOperation) {
  CpuWorkspace workspace({.threads = 1});
  SmallNetwork network;
  network.prepare(*make_cpu_preparer(workspace));
  Array image = ramp({1, 16, 16, 3});
  image.mutable_view<float>()[100] = std::numeric_limits<float>::quiet_NaN();
  onestep::Run state;
  const auto backend = make_cpu_backend(state, workspace);
  const Tensor x = backend->upload(image);
  for (const Activation one : {Activation::silu, Activation::gelu, Activation::quick_gelu}) {
    EXPECT_FALSE(all_finite(backend->download(backend->activate(x, one))));
  }
  EXPECT_FALSE(all_finite(backend->download(backend->attention(x, x, x, 1))));
  EXPECT_FALSE(all_finite(backend->download(network(*backend, image))));
}

// Against double precision over the range in which the functions change, per instruction set.
TEST(CpuBackend, ComputesActivationsToFloatPrecision) {
  Array values(DType::float32, {1, 1, 24001, 1});
  for (std::int64_t i = 0; i < 24001; ++i) {
    values.mutable_view<float>()[static_cast<std::size_t>(i)] =
        static_cast<float>(i - 12000) * 0.001F;
  }
  for (const std::string& simd : cpu_simd_targets()) {
    CpuWorkspace workspace({.threads = 1, .simd = simd});
    onestep::Run state;
    const auto backend = make_cpu_backend(state, workspace);
    const Tensor x = backend->upload(values);
    const Array silu = backend->download(backend->activate(x, Activation::silu));
    const Array gelu = backend->download(backend->activate(x, Activation::gelu));
    double silu_error = 0;
    double gelu_error = 0;
    for (std::size_t i = 0; i < 24001; ++i) {
      const double v = static_cast<double>(values.view<float>()[i]);
      const double scale = std::max(1.0, std::abs(v));
      const auto error = [&](const Array& got, double expected) {
        return std::abs(static_cast<double>(got.view<float>()[i]) - expected) / scale;
      };
      silu_error = std::max(silu_error, error(silu, v / (1 + std::exp(-v))));
      gelu_error = std::max(gelu_error, error(gelu, v / 2 * (1 + std::erf(v / std::sqrt(2.0)))));
    }
    EXPECT_LT(silu_error, 1.5e-7) << simd;
    EXPECT_LT(gelu_error, 1.5e-7) << simd;
  }
}

}  // namespace
}  // namespace onestep::testing
