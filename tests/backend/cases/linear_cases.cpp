#include "onestep/base/check.h"

#include "backend/cases/case_lists.h"
#include "backend/cases/random_layers.h"

namespace onestep::testing {
namespace {

enum class Normed { no, layer, group };

struct LinearCase {
  Extent input{2, 7, 1, 16};
  std::int64_t outputs = 24;
  bool bias = true;
  Normed norm = Normed::no;
  Activation activation = Activation::none;
  bool residual = false;
  DType dtype = DType::float32;
};

const char* name_of(Normed norm) {
  return norm == Normed::no ? "" : norm == Normed::layer ? "_layernorm" : "_groupnorm";
}

const char* name_of(Activation activation) {
  switch (activation) {
    case Activation::none:
      return "";
    case Activation::silu:
      return "_silu";
    case Activation::gelu:
      return "_gelu";
    case Activation::quick_gelu:
      return "_quickgelu";
    case Activation::geglu:
      return "_geglu";
  }
  return "";
}

std::string name_of(const LinearCase& c) {
  return concatenate("linear_b", c.input.batch, "_", c.input.height, "x", c.input.width, "_",
                     c.input.channels, "to", c.outputs, c.bias ? "_bias" : "", name_of(c.norm),
                     name_of(c.activation), c.residual ? "_residual" : "", "_", to_string(c.dtype));
}

Array run_linear(const LinearCase& c,
                 const std::string& name,
                 Backend& backend,
                 Preparer* preparer) {
  RandomLayers random(name);
  const Extent& in = c.input;
  Linear linear = random.linear(c.outputs, in.channels, c.bias, c.dtype);
  LayerNorm layer_norm = random.layer_norm(in.channels, c.dtype);
  GroupNorm group_norm = random.group_norm(in.channels, fitting_groups(in.channels), c.dtype);
  prepare(preparer, "linear", linear);
  prepare(preparer, "layer_norm", layer_norm);
  prepare(preparer, "group_norm", group_norm);

  const Tensor x = backend.upload(random.array({in.batch, in.height, in.width, in.channels}));
  LinearOptions options{.layer_norm = c.norm == Normed::layer ? &layer_norm : nullptr,
                        .group_norm = c.norm == Normed::group ? &group_norm : nullptr,
                        .activation = c.activation};
  if (c.residual) {
    const std::int64_t channels = c.activation == Activation::geglu ? c.outputs / 2 : c.outputs;
    options.residual = backend.upload(random.array({in.batch, in.height, in.width, channels}));
  }
  return backend.download(backend.linear(x, linear, options));
}

OperationCase operation(const LinearCase& c) {
  const std::string name = name_of(c);
  const double norm_tolerance = c.norm == Normed::no ? 0 : kNormTolerance;
  return {"linear", name, sum_tolerance(static_cast<double>(c.input.channels)) + norm_tolerance,
          [c, name](Backend& backend, Preparer* preparer) {
            return run_linear(c, name, backend, preparer);
          }};
}

}  // namespace

std::vector<OperationCase> linear_cases() {
  constexpr DType kTypes[] = {DType::float32, DType::float16, DType::bfloat16};
  std::vector<OperationCase> cases;
  for (const Normed norm : {Normed::no, Normed::layer, Normed::group}) {
    for (const Activation activation : {Activation::none, Activation::silu, Activation::gelu,
                                        Activation::quick_gelu, Activation::geglu}) {
      for (const bool residual : {false, true}) {
        for (const bool bias : {true, false}) {
          cases.push_back(operation(
              {.bias = bias, .norm = norm, .activation = activation, .residual = residual}));
        }
      }
    }
  }
  // Token counts around the tiles of any kernel, channels around its vectors.
  std::size_t number = 0;
  for (const std::int64_t tokens : {1, 2, 3, 6, 13, 77}) {
    for (const std::int64_t inputs : {1, 3, 8, 17, 40}) {
      for (const std::int64_t outputs : {2, 5, 16, 34}) {
        const std::int64_t batch = static_cast<std::int64_t>(number % 3) + 1;
        cases.push_back(operation({.input = {batch, tokens, 1, inputs},
                                   .outputs = outputs,
                                   .norm = number % 2 == 0 ? Normed::layer : Normed::no,
                                   .residual = number % 5 < 2,
                                   .dtype = kTypes[number % 3]}));
        ++number;
      }
    }
  }
  // Maps, time embeddings and real widths.
  cases.push_back(operation(
      {.input = {1, 9, 11, 320}, .outputs = 320, .norm = Normed::group, .dtype = DType::float16}));
  cases.push_back(operation(
      {.input = {1, 9, 11, 320}, .outputs = 320, .residual = true, .dtype = DType::float16}));
  cases.push_back(operation({.input = {1, 6, 7, 320},
                             .outputs = 2560,
                             .norm = Normed::layer,
                             .activation = Activation::geglu,
                             .dtype = DType::float16}));
  cases.push_back(operation(
      {.input = {1, 6, 7, 1280}, .outputs = 320, .residual = true, .dtype = DType::bfloat16}));
  cases.push_back(operation({.input = {2, 1, 1, 320},
                             .outputs = 1280,
                             .activation = Activation::silu,
                             .dtype = DType::float16}));
  cases.push_back(operation(
      {.input = {1, 2, 1, 1024}, .outputs = 320, .bias = false, .dtype = DType::float16}));
  return cases;
}

}  // namespace onestep::testing
