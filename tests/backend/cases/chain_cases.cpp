#include "onestep/base/check.h"

#include <utility>

#include "backend/cases/case_lists.h"
#include "backend/cases/random_layers.h"

namespace onestep::testing {
namespace {

/// Makes a chain's layers and inputs as it goes.
struct Chain {
  RandomLayers random;
  Backend& backend;
  Preparer* preparer;
  DType dtype;

  Conv conv(std::int64_t outputs, std::int64_t inputs, std::int64_t kernel) {
    Conv layer = random.conv(outputs, inputs, {kernel, kernel}, true, dtype);
    layer.padding = Padding::around(static_cast<int>(kernel / 2));
    prepare(preparer, "conv", layer);
    return layer;
  }
  Conv upsampling(std::int64_t channels) {
    Conv layer = random.conv(channels, channels, {3, 3}, true, dtype);
    layer.padding = Padding::around(1);
    layer.upsample = true;
    prepare(preparer, "upsampler", layer);
    return layer;
  }
  Linear linear(std::int64_t outputs, std::int64_t inputs, bool bias = true) {
    Linear layer = random.linear(outputs, inputs, bias, dtype);
    prepare(preparer, "linear", layer);
    return layer;
  }
  GroupNorm group_norm(std::int64_t channels, int groups) {
    GroupNorm layer = random.group_norm(channels, groups, dtype);
    prepare(preparer, "group_norm", layer);
    return layer;
  }
  LayerNorm layer_norm(std::int64_t channels) {
    LayerNorm layer = random.layer_norm(channels, dtype);
    prepare(preparer, "layer_norm", layer);
    return layer;
  }
  Tensor input(Shape shape) { return backend.upload(random.array(std::move(shape))); }
};

/// A residual block on two concatenated maps: the groups of its first norm straddle the seam, so a
/// backend that carries statistics from one operation to the next must join them.
Tensor skip_block(Chain& chain, const Extent& e, std::int64_t skip, int groups) {
  const std::int64_t joined = e.channels + skip;
  const Conv before = chain.conv(e.channels, e.channels, 3);
  const Conv beside = chain.conv(skip, e.channels, 1);
  const GroupNorm norm1 = chain.group_norm(joined, groups);
  const Conv conv1 = chain.conv(e.channels, joined, 3);
  const Linear time = chain.linear(e.channels, 20);
  const GroupNorm norm2 = chain.group_norm(e.channels, fitting_groups(e.channels));
  const Conv conv2 = chain.conv(e.channels, e.channels, 3);
  const Conv shortcut = chain.conv(e.channels, joined, 1);
  Backend& b = chain.backend;
  const Tensor input = chain.input({e.batch, e.height, e.width, e.channels});
  const Tensor embedding = b.linear(chain.input({e.batch, 20}), time);
  const Tensor x = b.concat_channels(b.conv2d(input, before), b.conv2d(input, beside));
  const Tensor h = b.conv2d(x, conv1, {.norm = &norm1, .silu = true, .channel_add = embedding});
  return b.conv2d(h, conv2, {.norm = &norm2, .silu = true, .residual = b.conv2d(x, shortcut)});
}

/// Self attention, attention to a text, feed forward; between linear projections.
Tensor transformer(Chain& chain, const Extent& e, int heads, std::int64_t text_tokens) {
  const std::int64_t c = e.channels;
  const GroupNorm norm = chain.group_norm(c, fitting_groups(c));
  const Linear in = chain.linear(c, c);
  const LayerNorm norms[] = {chain.layer_norm(c), chain.layer_norm(c), chain.layer_norm(c)};
  const Linear self[] = {chain.linear(c, c, false), chain.linear(c, c, false),
                         chain.linear(c, c, false), chain.linear(c, c)};
  const Linear cross[] = {chain.linear(c, c, false), chain.linear(c, 12, false),
                          chain.linear(c, 12, false), chain.linear(c, c)};
  const Linear widen = chain.linear(8 * c, c);
  const Linear narrow = chain.linear(c, 4 * c);
  const Linear out = chain.linear(c, c);
  Backend& b = chain.backend;
  const Tensor text = chain.input({1, text_tokens, 12});
  const Tensor x = chain.input({e.batch, e.height, e.width, c});
  Tensor h = b.linear(x, in, {.group_norm = &norm});
  const auto project = [&](const Tensor& t, const Linear& l) {
    return b.linear(t, l, {.layer_norm = &norms[0]});
  };
  h = b.linear(b.attention(project(h, self[0]), project(h, self[1]), project(h, self[2]), heads),
               self[3], {.residual = h});
  const Tensor q = b.linear(h, cross[0], {.layer_norm = &norms[1]});
  h = b.linear(b.attention(q, b.linear(text, cross[1]), b.linear(text, cross[2]), heads), cross[3],
               {.residual = h});
  h = b.linear(b.linear(h, widen, {.layer_norm = &norms[2], .activation = Activation::geglu}),
               narrow, {.residual = h});
  return b.linear(h, out, {.residual = x});
}

/// Down by two, up to a size that is not twice, joined with the map it came from.
Tensor down_and_up(Chain& chain, const Extent& e) {
  Conv down = chain.random.conv(e.channels, e.channels, {3, 3}, true, chain.dtype);
  down.stride = 2;
  down.padding = Padding::around(1);
  prepare(chain.preparer, "down", down);
  const Conv up = chain.upsampling(e.channels);
  const GroupNorm norm = chain.group_norm(2 * e.channels, 3);
  const Conv out = chain.conv(e.channels, 2 * e.channels, 3);
  Backend& b = chain.backend;
  const Tensor x = chain.input({e.batch, e.height, e.width, e.channels});
  Tensor h = b.activate(b.conv2d(x, down), Activation::silu);
  h = b.conv2d(h, up, {.output_size = MapSize{e.height, e.width}});
  h = b.conv2d(b.concat_channels(b.add(h, x), x), out, {.norm = &norm, .silu = true});
  return b.group_norm(h, chain.group_norm(e.channels, fitting_groups(e.channels)));
}

using Body = std::function<Tensor(Chain&)>;

OperationCase operation(const std::string& what, const Extent& e, DType dtype, Body body) {
  const std::string name = concatenate("chain_", what, "_b", e.batch, "_", e.height, "x", e.width,
                                       "_", e.channels, "_", to_string(dtype));
  return {"chain", name, 4e-5, [=](Backend& backend, Preparer* preparer) {
            Chain chain{RandomLayers(name), backend, preparer, dtype};
            return backend.download(body(chain));
          }};
}

}  // namespace

std::vector<OperationCase> chain_cases() {
  std::vector<OperationCase> cases;
  const auto add = [&](const char* what, const Extent& e, DType dtype, Body body) {
    cases.push_back(operation(what, e, dtype, std::move(body)));
  };
  for (const Extent& e : {Extent{1, 5, 7, 24}, {2, 4, 3, 24}, {1, 17, 9, 24}}) {
    add("skip40of4", e, DType::float32, [e](Chain& c) { return skip_block(c, e, 40, 4); });
    add("skip8of2", e, DType::float16, [e](Chain& c) { return skip_block(c, e, 8, 2); });
    add("transformer2", e, DType::float32, [e](Chain& c) { return transformer(c, e, 3, 2); });
    add("transformer77", e, DType::bfloat16, [e](Chain& c) { return transformer(c, e, 6, 77); });
    add("downandup", e, DType::float16, [e](Chain& c) { return down_and_up(c, e); });
  }
  return cases;
}

}  // namespace onestep::testing
