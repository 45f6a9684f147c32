#include "onestep/backend/backend.h"
#include "onestep/backend/plan/plan_backend.h"
#include "onestep/base/check.h"

#include <gtest/gtest.h>

#include <limits>
#include <string>

#include "backend/cases/maps.h"
#include "backend/cases/random_layers.h"

namespace onestep {
namespace {

using testing::RandomLayers;

/// The front on shapes only: what is refused here is refused before any backend.
class Front : public ::testing::Test {
 protected:
  Tensor map(Shape shape) { return backend.upload(Array::declared(DType::float32, shape)); }

  static Conv conv(Shape weight) {
    Conv layer;
    layer.bias = Array::declared(DType::float16, {weight.at(0)});
    layer.weight = Array::declared(DType::float16, std::move(weight));
    return layer;
  }
  static Linear linear(std::int64_t outputs, std::int64_t inputs) {
    Linear layer;
    layer.weight = Array::declared(DType::float16, {outputs, inputs});
    return layer;
  }
  static GroupNorm group_norm(std::int64_t channels, int groups) {
    GroupNorm norm;
    norm.weight = norm.bias = Array::declared(DType::float16, {channels});
    norm.groups = groups;
    return norm;
  }
  static LayerNorm layer_norm(std::int64_t channels) {
    LayerNorm norm;
    norm.weight = norm.bias = Array::declared(DType::float16, {channels});
    return norm;
  }

  template <typename Action>
  static void expect_refusal(const Action& action, const std::string& message) {
    try {
      action();
      ADD_FAILURE() << "not refused: " << message;
    } catch (const Error& error) {
      EXPECT_EQ(std::string(error.what()), message);
    }
  }

  onestep::Run run;
  PlanBackend backend{run, [](const Extent& extent) { return extent.elements() * 4; }};
};

using FrontConv = Front;
using FrontLinear = Front;
using FrontAttention = Front;
using FrontRun = Front;

TEST_F(Front, UploadsVectorsSequencesAndMaps) {
  EXPECT_EQ(map({2, 5}).extent(), (Extent{2, 1, 1, 5}));
  EXPECT_EQ(map({2, 7, 5}).extent(), (Extent{2, 7, 1, 5}));
  EXPECT_EQ(map({2, 3, 4, 5}).extent(), (Extent{2, 3, 4, 5}));
  expect_refusal([&] { map({5}); }, "upload: shape [5] must be [B,C], [B,L,C] or [B,H,W,C]");
  expect_refusal(
      [&] {
        map({1, 2, 3, 4, 5});
      },
      "upload: shape [1,2,3,4,5] must be [B,C], [B,L,C] or [B,H,W,C]");
  expect_refusal([&] { map({1, 0, 4, 5}); }, "upload: shape [1,0,4,5] has no elements");
  expect_refusal(
      [&] {
        backend.upload(Array(DType::uint8, {1, 2, 3, 3}));
      },
      "upload: uint8 [1,2,3,3] must hold floating-point numbers");
}

TEST_F(Front, RefusesEmptyHandles) {
  const Tensor none;
  const Tensor x = map({1, 4});
  expect_refusal([&] { backend.conv2d(none, conv({2, 4, 3, 3})); }, "conv2d: x is an empty tensor");
  expect_refusal([&] { backend.linear(none, linear(2, 4)); }, "linear: x is an empty tensor");
  expect_refusal([&] { backend.attention(x, none, x, 1); }, "attention: k is an empty tensor");
  expect_refusal([&] { backend.add(x, none); }, "add: b is an empty tensor");
  expect_refusal([&] { backend.concat_channels(none, x); },
                 "concat_channels: a is an empty tensor");
  expect_refusal([&] { backend.download(none); }, "download: x is an empty tensor");
}

TEST_F(FrontConv, ComputesTheOutputsExtent) {
  const Tensor x = map({2, 9, 7, 4});
  Conv layer = conv({6, 4, 3, 3});
  EXPECT_EQ(backend.conv2d(x, layer).extent(), (Extent{2, 7, 5, 6}));
  layer.padding = {.top = 0, .bottom = 1, .left = 2, .right = 0};
  EXPECT_EQ(backend.conv2d(x, layer).extent(), (Extent{2, 8, 7, 6}));
  layer.stride = 2;
  EXPECT_EQ(backend.conv2d(x, layer).extent(), (Extent{2, 4, 4, 6}));
  layer.upsample = true;
  layer.stride = 1;
  layer.padding = Padding::around(1);
  EXPECT_EQ(backend.conv2d(x, layer).extent(), (Extent{2, 18, 14, 6}));
  EXPECT_EQ(backend.conv2d(x, layer, {.output_size = MapSize{17, 14}}).extent(),
            (Extent{2, 17, 14, 6}));
}

TEST_F(FrontConv, RefusesWhatDoesNotFit) {
  const Tensor x = map({1, 5, 7, 4});
  expect_refusal(
      [&] {
        backend.conv2d(x, conv({6, 3, 3, 3}));
      },
      "conv2d: input [1,5,7,4] does not fit weight [6,3,3,3] [D,C,kh,kw]");
  expect_refusal(
      [&] {
        backend.conv2d(x, conv({6, 4}));
      },
      "conv2d: input [1,5,7,4] does not fit weight [6,4] [D,C,kh,kw]");
  Conv layer = conv({6, 4, 3, 3});
  layer.bias = Array::declared(DType::float16, {4});
  expect_refusal([&] { backend.conv2d(x, layer); }, "conv2d: bias [4] must be [6]");
  expect_refusal(
      [&] {
        backend.conv2d(map({1, 2, 7, 4}), conv({6, 4, 3, 3}));
      },
      "conv2d: input [1,2,7,4] is too small for weight [6,4,3,3]");
  layer = conv({6, 4, 3, 3});
  layer.stride = 0;
  expect_refusal([&] { backend.conv2d(x, layer); }, "conv2d: stride 0 must be at least 1");
  layer.stride = 1;
  layer.padding.left = -1;
  expect_refusal([&] { backend.conv2d(x, layer); },
                 "conv2d: padding must not be negative, found top 0, bottom 0, left -1, right 0");
}

TEST_F(FrontConv, RefusesOptionsThatDoNotFit) {
  const Tensor x = map({2, 5, 7, 4});
  const Conv layer = conv({6, 4, 3, 3});
  const GroupNorm wrong_size = group_norm(8, 2);
  const GroupNorm wrong_groups = group_norm(4, 3);
  expect_refusal([&] { backend.conv2d(x, layer, {.norm = &wrong_size}); },
                 "conv2d: input [2,5,7,4] does not fit group norm weight [8]");
  expect_refusal([&] { backend.conv2d(x, layer, {.norm = &wrong_groups}); },
                 "conv2d: input [2,5,7,4] cannot be split into 3 groups of channels");
  expect_refusal(
      [&] {
        backend.conv2d(x, layer, {.channel_add = map({1, 6})});
      },
      "conv2d: channel_add [1,1,1,6] must be [2,1,1,6]");
  expect_refusal([&] { backend.conv2d(x, layer, {.residual = x}); },
                 "conv2d: residual [2,5,7,4] must be [2,3,5,6]");
}

TEST_F(FrontConv, TakesAnOutputSizeOnlyOfADoubledMap) {
  const Tensor x = map({1, 5, 7, 4});
  Conv layer = conv({6, 4, 3, 3});
  layer.padding = Padding::around(1);
  expect_refusal(
      [&] {
        backend.conv2d(x, layer, {.output_size = MapSize{5, 7}});
      },
      "conv2d: output_size 5x7 for input [1,5,7,4] needs a convolution with upsampling");
  layer.upsample = true;
  for (const MapSize size : {MapSize{11, 14}, {8, 14}, {10, 12}, {10, 15}, {0, 14}}) {
    expect_refusal([&] { backend.conv2d(x, layer, {.output_size = size}); },
                   concatenate("conv2d: output_size ", size.height, "x", size.width,
                               " for input [1,5,7,4] must be twice its sides, or one less"));
  }
}

TEST_F(FrontLinear, RefusesWhatDoesNotFit) {
  const Tensor x = map({1, 5, 4});
  const LayerNorm layer = layer_norm(4);
  const LayerNorm wrong_layer = layer_norm(3);
  const GroupNorm group = group_norm(4, 2);
  expect_refusal([&] { backend.linear(x, linear(6, 3)); },
                 "linear: input [1,5,1,4] does not fit weight [6,3] [D,C]");
  expect_refusal(
      [&] { backend.linear(x, linear(6, 4), {.layer_norm = &layer, .group_norm = &group}); },
      "linear: input [1,5,1,4] can be normalised once, not by layer norm and group norm");
  expect_refusal([&] { backend.linear(x, linear(6, 4), {.layer_norm = &wrong_layer}); },
                 "linear: input [1,5,1,4] does not fit layer norm weight [3]");
  expect_refusal([&] { backend.linear(x, linear(5, 4), {.activation = Activation::geglu}); },
                 "linear: geglu needs an even number of channels, weight is [5,4]");
  expect_refusal([&] { backend.linear(x, linear(6, 4), {.residual = x}); },
                 "linear: residual [1,5,1,4] must be [1,5,1,6]");
  Linear biased = linear(6, 4);
  biased.bias = Array::declared(DType::float16, {6, 1});
  expect_refusal([&] { backend.linear(x, biased); }, "linear: bias [6,1] must be [6]");
}

TEST_F(FrontLinear, HalvesTheChannelsWithGeglu) {
  const Tensor x = map({1, 5, 4});
  EXPECT_EQ(
      backend.linear(x, linear(6, 4), {.activation = Activation::geglu, .residual = map({1, 5, 3})})
          .extent(),
      (Extent{1, 5, 1, 3}));
}

TEST_F(FrontAttention, RefusesWhatDoesNotFit) {
  const Tensor q = map({2, 5, 6});
  const Tensor k = map({2, 3, 6});
  const Tensor one = map({1, 3, 6});
  EXPECT_EQ(backend.attention(q, one, one, 3).extent(), q.extent());
  const std::string with_k = "attention: q [2,5,1,6], k [2,3,1,6], v [2,3,1,6]: ";
  expect_refusal([&] { backend.attention(q, k, k, 4); },
                 with_k + "4 heads must divide the channels");
  expect_refusal([&] { backend.attention(q, k, k, 0); },
                 with_k + "0 heads must divide the channels");
  expect_refusal([&] { backend.attention(q, k, k, 1, true); },
                 with_k + "causal attention needs as many keys as queries");
  expect_refusal(
      [&] { backend.attention(q, k, one, 1); },
      "attention: q [2,5,1,6], k [2,3,1,6], v [1,3,1,6]: k and v must have the same extent");
  const Tensor narrow = map({2, 3, 4});
  expect_refusal(
      [&] { backend.attention(q, narrow, narrow, 1); },
      "attention: q [2,5,1,6], k [2,3,1,4], v [2,3,1,4]: q, k and v must have the same channels");
  const Tensor many = map({3, 3, 6});
  expect_refusal(
      [&] { backend.attention(q, many, many, 1); },
      "attention: q [2,5,1,6], k [3,3,1,6], v [3,3,1,6]: k and v must have q's batch or batch 1");
}

TEST_F(Front, RefusesPointwiseOperationsThatDoNotFit) {
  const Tensor x = map({1, 5, 7, 4});
  expect_refusal(
      [&] {
        backend.add(x, map({1, 5, 7, 3}));
      },
      "add: [1,5,7,4] and [1,5,7,3] must be the same");
  expect_refusal(
      [&] {
        backend.concat_channels(x, map({1, 7, 5, 3}));
      },
      "concat_channels: [1,5,7,4] and [1,7,5,3] may differ only in their channels");
  EXPECT_EQ(backend.concat_channels(x, map({1, 5, 7, 3})).extent(), (Extent{1, 5, 7, 7}));
  for (const Activation activation : {Activation::none, Activation::geglu}) {
    expect_refusal([&] { backend.activate(x, activation); },
                   "activate: input [1,5,7,4] needs silu, gelu or quick_gelu; geglu belongs to "
                   "linear");
  }
  expect_refusal([&] { backend.group_norm(x, group_norm(4, 0)); },
                 "group_norm: input [1,5,7,4] cannot be split into 0 groups of channels");
  expect_refusal([&] { backend.layer_norm(x, layer_norm(5)); },
                 "layer_norm: input [1,5,7,4] does not fit layer norm weight [5]");
}

TEST_F(FrontRun, CountsMultiplyAddsInClosedForm) {
  const Tensor x = map({2, 9, 7, 4});
  const auto added = [&](const auto& operation) {
    const double before = run.multiply_adds;
    operation();
    return run.multiply_adds - before;
  };
  Conv layer = conv({6, 4, 3, 2});
  layer.padding = Padding::around(1);
  layer.stride = 2;
  EXPECT_EQ(added([&] { backend.conv2d(x, layer); }), 2 * 5 * 4 * 6 * 4 * 3 * 2);
  EXPECT_EQ(added([&] { backend.linear(x, linear(10, 4)); }), 2 * 63 * 10 * 4);
  EXPECT_EQ(added([&] { backend.attention(x, x, x, 2); }), 2 * 63 * 63 * 4 * 2);
  EXPECT_EQ(added([&] { backend.attention(x, x, x, 2, true); }), 2 * 63 * 63 * 4 * 2);
  EXPECT_EQ(added([&] { backend.group_norm(x, group_norm(4, 2)); }), 0);
  EXPECT_EQ(added([&] { backend.activate(x, Activation::silu); }), 0);
}

TEST_F(FrontRun, CountsBeyondWhatAnIntegerHolds) {
  const std::int64_t side = 1 << 15;
  const Tensor x = map({1, side, side, 1024});
  backend.attention(x, x, x, 8);
  EXPECT_EQ(run.multiply_adds, 0x1p30 * 0x1p30 * 2048);
}

TEST_F(FrontRun, ReportsProgressAfterEveryOperation) {
  std::vector<double> seen;
  run.on_progress = [&](double multiply_adds) { seen.push_back(multiply_adds); };
  const Tensor x = map({1, 5, 4});
  const Tensor y = backend.linear(x, linear(4, 4));
  backend.add(backend.linear(y, linear(4, 4)), y);
  EXPECT_EQ(seen, (std::vector<double>{0, 80, 160, 160}));
}

TEST_F(FrontRun, TellsWhatEveryOperationTook) {
  std::vector<std::string> names;
  double multiply_adds = 0;
  double seconds = 0;
  run.on_operation = [&](const OperationTime& time) {
    names.emplace_back(time.operation);
    multiply_adds += time.multiply_adds;
    EXPECT_GE(time.seconds, 0);
    seconds += time.seconds;
  };
  const Stopwatch watch;
  const Tensor x = map({1, 5, 4});
  const Tensor y = backend.linear(x, linear(4, 4));
  backend.download(backend.add(y, x));
  EXPECT_EQ(names, (std::vector<std::string>{"upload", "linear", "add", "download"}));
  EXPECT_EQ(multiply_adds, run.multiply_adds);
  EXPECT_LE(seconds, watch.seconds());
}

TEST_F(FrontRun, StopsBeforeTheNextOperation) {
  std::stop_source source;
  run.stop = source.get_token();
  const Tensor x = map({1, 5, 4});
  source.request_stop();
  EXPECT_THROW(backend.linear(x, linear(4, 4)), Cancelled);
  EXPECT_THROW(backend.download(x), Cancelled);
  EXPECT_THROW(map({1, 2}), Cancelled);
  EXPECT_EQ(run.multiply_adds, 0);
}

TEST_F(FrontRun, NamesNestedRegionsAndTheirEnds) {
  std::vector<std::string> seen;
  run.on_region = [&](std::string_view name) { seen.emplace_back(name); };
  const Tensor x = map({1, 5, 4});
  const Tensor y = backend.region("outer", {x}, [&](Backend::Inputs inputs) {
    const Tensor h = backend.add(inputs[0], inputs[0]);
    return backend.region("inner", {h, inputs[0]}, [&](Backend::Inputs both) {
      EXPECT_EQ(both.size(), 2U);
      return backend.concat_channels(both[0], both[1]);
    });
  });
  EXPECT_EQ(y.channels(), 8);
  EXPECT_EQ(seen, (std::vector<std::string>{"outer", "inner", "", ""}));
}

TEST_F(FrontRun, EndsARegionThatThrows) {
  std::vector<std::string> seen;
  run.on_region = [&](std::string_view name) { seen.emplace_back(name); };
  const auto throwing = [](Backend::Inputs) -> Tensor { fail("inside"); };
  expect_refusal([&] { backend.region("block", {}, throwing); }, "inside");
  EXPECT_EQ(seen, (std::vector<std::string>{"block", ""}));
}

TEST_F(FrontRun, RegionsWorkWithoutAListener) {
  const Tensor x = map({1, 5, 4});
  const Tensor y = backend.region("block", {x}, [](Backend::Inputs inputs) { return inputs[0]; });
  EXPECT_EQ(y.extent(), x.extent());
}

}  // namespace
}  // namespace onestep
