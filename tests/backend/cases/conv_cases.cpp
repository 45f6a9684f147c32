#include "onestep/base/check.h"

#include <cmath>
#include <optional>

#include "backend/cases/case_lists.h"
#include "backend/cases/random_layers.h"

namespace onestep::testing {
namespace {

struct ConvCase {
  Extent input{1, 5, 7, 8};
  std::int64_t outputs = 12;
  MapSize kernel{3, 3};
  int stride = 1;
  Padding padding = Padding::around(1);
  bool upsample = false;
  std::optional<MapSize> output_size = {};
  bool bias = true;
  bool norm = false;
  bool silu = false;
  bool channel_add = false;
  bool residual = false;
  DType dtype = DType::float32;
};

std::string name_of(const ConvCase& c) {
  const Padding& p = c.padding;
  std::string name =
      concatenate("conv2d_b", c.input.batch, "_", c.input.height, "x", c.input.width, "_",
                  c.input.channels, "to", c.outputs, "_k", c.kernel.height, "x", c.kernel.width,
                  "_s", c.stride, "_p", p.top, p.bottom, p.left, p.right, c.upsample ? "_up" : "");
  if (c.output_size) {
    name += concatenate("_to", c.output_size->height, "x", c.output_size->width);
  }
  return concatenate(name, c.bias ? "_bias" : "", c.norm ? "_norm" : "", c.silu ? "_silu" : "",
                     c.channel_add ? "_channeladd" : "", c.residual ? "_residual" : "", "_",
                     to_string(c.dtype));
}

Extent output_of(const ConvCase& c) {
  const std::int64_t factor = c.upsample ? 2 : 1;
  const MapSize map =
      c.output_size.value_or(MapSize{c.input.height * factor, c.input.width * factor});
  const Padding& p = c.padding;
  return {c.input.batch, (map.height + p.top + p.bottom - c.kernel.height) / c.stride + 1,
          (map.width + p.left + p.right - c.kernel.width) / c.stride + 1, c.outputs};
}

Array run_conv(const ConvCase& c, const std::string& name, Backend& backend, Preparer* preparer) {
  RandomLayers random(name);
  Conv conv = random.conv(c.outputs, c.input.channels, c.kernel, c.bias, c.dtype);
  conv.stride = c.stride;
  conv.padding = c.padding;
  conv.upsample = c.upsample;
  prepare(preparer, "conv", conv);
  GroupNorm norm = random.group_norm(c.input.channels, fitting_groups(c.input.channels), c.dtype);
  prepare(preparer, "norm", norm);

  const Extent& in = c.input;
  const Extent out = output_of(c);
  const Tensor x = backend.upload(random.array({in.batch, in.height, in.width, in.channels}));
  ConvOptions options{
      .norm = c.norm ? &norm : nullptr, .silu = c.silu, .output_size = c.output_size};
  if (c.channel_add) options.channel_add = backend.upload(random.array({out.batch, out.channels}));
  if (c.residual) {
    options.residual =
        backend.upload(random.array({out.batch, out.height, out.width, out.channels}));
  }
  return backend.download(backend.conv2d(x, conv, options));
}

OperationCase operation(const ConvCase& c) {
  const std::string name = name_of(c);
  const auto terms = static_cast<double>(c.input.channels * c.kernel.height * c.kernel.width);
  return {"conv2d", name, sum_tolerance(terms) + (c.norm ? kNormTolerance : 0),
          [c, name](Backend& backend, Preparer* preparer) {
            return run_conv(c, name, backend, preparer);
          }};
}

/// Every combination of what surrounds a convolution.
void add_options(std::vector<OperationCase>& cases, const ConvCase& geometry) {
  for (unsigned bits = 0; bits < 32; ++bits) {
    ConvCase c = geometry;
    c.bias = (bits & 1U) == 0;
    c.norm = (bits & 2U) != 0;
    c.silu = (bits & 4U) != 0;
    c.channel_add = (bits & 8U) != 0;
    c.residual = (bits & 16U) != 0;
    cases.push_back(operation(c));
  }
}

struct Channels {
  std::int64_t inputs;
  std::int64_t outputs;
};

/// Sizes around the tiles of any kernel, channels around its vectors, all dtypes in turn.
void add_sizes(std::vector<OperationCase>& cases, const ConvCase& geometry) {
  constexpr DType kTypes[] = {DType::float32, DType::float16, DType::bfloat16};
  std::size_t number = 0;
  for (const MapSize size : {MapSize{1, 1}, {1, 2}, {3, 1}, {5, 7}, {17, 9}, {32, 24}}) {
    for (const Channels channels :
         {Channels{1, 1}, {3, 4}, {4, 8}, {8, 3}, {12, 16}, {16, 24}, {24, 40}, {40, 12}}) {
      ConvCase c = geometry;
      c.input = {static_cast<std::int64_t>(number % 2 + 1), size.height, size.width,
                 channels.inputs};
      c.outputs = channels.outputs;
      c.dtype = kTypes[number % 3];
      c.norm = c.silu = number % 4 < 2;
      c.residual = number % 5 == 0;
      cases.push_back(operation(c));
      ++number;
    }
  }
}

}  // namespace

double sum_tolerance(double terms) {
  return 2e-6 + 2e-7 * std::sqrt(terms);
}

std::vector<OperationCase> conv_cases() {
  constexpr Padding kNone = Padding::around(0);
  constexpr Padding kAfter{.top = 0, .bottom = 1, .left = 0, .right = 1};
  std::vector<OperationCase> cases;
  add_options(cases, {});
  add_options(cases, {.input = {2, 4, 5, 16}, .kernel = {1, 1}, .padding = kNone});
  add_options(cases, {.input = {2, 6, 9, 8}, .stride = 2});
  add_options(cases, {.input = {1, 6, 9, 8}, .stride = 2, .padding = kAfter});
  add_options(cases, {.input = {2, 3, 4, 8}, .upsample = true});
  for (const MapSize size : {MapSize{9, 14}, {10, 13}, {9, 13}, {10, 14}}) {
    cases.push_back(operation({.upsample = true, .output_size = size, .norm = true, .silu = true}));
    cases.push_back(operation({.upsample = true, .output_size = size, .dtype = DType::float16}));
  }
  cases.push_back(operation({.input = {1, 1, 1, 4}, .upsample = true, .output_size = {{1, 1}}}));
  add_sizes(cases, {});
  add_sizes(cases, {.kernel = {1, 1}, .padding = kNone});
  add_sizes(cases, {.stride = 2});
  add_sizes(cases, {.upsample = true});
  // Real widths, the first and last layers of the networks, patches, and odd kernels.
  cases.push_back(operation({.input = {1, 9, 11, 320},
                             .outputs = 320,
                             .norm = true,
                             .silu = true,
                             .channel_add = true,
                             .dtype = DType::float16}));
  cases.push_back(operation({.input = {1, 4, 3, 640},
                             .outputs = 320,
                             .norm = true,
                             .silu = true,
                             .residual = true,
                             .dtype = DType::bfloat16}));
  cases.push_back(operation({.input = {1, 5, 6, 320},
                             .outputs = 320,
                             .upsample = true,
                             .output_size = {{9, 11}},
                             .dtype = DType::float16}));
  // In tiles where they are chosen: several rectangles, two blocks of the depth, few tiles in one
  // group and in two.
  cases.push_back(operation({.input = {1, 41, 45, 64}, .outputs = 64, .norm = true}));
  cases.push_back(operation({.input = {2, 37, 29, 704}, .outputs = 32, .dtype = DType::float16}));
  cases.push_back(
      operation({.input = {1, 16, 16, 160}, .outputs = 80, .norm = true, .silu = true}));
  cases.push_back(operation({.input = {2, 18, 33, 64}, .outputs = 96, .dtype = DType::bfloat16}));
  cases.push_back(operation({.input = {1, 13, 12, 8}, .outputs = 320, .dtype = DType::float16}));
  cases.push_back(operation({.input = {1, 13, 12, 320}, .outputs = 4, .norm = true, .silu = true}));
  cases.push_back(operation({.input = {1, 19, 33, 128}, .outputs = 3, .norm = true, .silu = true}));
  cases.push_back(operation({.input = {1, 7, 5, 960},
                             .outputs = 320,
                             .kernel = {1, 1},
                             .padding = kNone,
                             .dtype = DType::float16}));
  cases.push_back(operation({.input = {1, 12, 16, 3},
                             .outputs = 24,
                             .kernel = {4, 4},
                             .stride = 4,
                             .padding = kNone,
                             .bias = false}));
  cases.push_back(operation({.input = {1, 8, 9, 6}, .kernel = {5, 5}, .padding = {2, 2, 2, 2}}));
  cases.push_back(operation({.input = {1, 8, 9, 6}, .kernel = {2, 3}, .padding = {1, 0, 2, 1}}));
  return cases;
}

}  // namespace onestep::testing
