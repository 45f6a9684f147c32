#include "onestep/base/check.h"

#include <algorithm>

#include "backend/cases/case_lists.h"
#include "backend/cases/random_layers.h"

namespace onestep::testing {
namespace {

struct NormCase {
  Extent input{1, 5, 7, 16};
  int groups = 4;  // 0: layer norm
  double epsilon = 1e-5;
  bool silu = false;
  double deviation = 1;  // of the input
  double mean = 0;
  DType dtype = DType::float32;
  const char* note = "";
};

std::string name_of(const NormCase& c) {
  const std::string kind =
      c.groups == 0 ? std::string("layer_norm") : concatenate("group_norm_g", c.groups);
  return concatenate(kind, "_b", c.input.batch, "_", c.input.height, "x", c.input.width, "_",
                     c.input.channels, c.silu ? "_silu" : "", c.note, "_", to_string(c.dtype));
}

Array run_norm(const NormCase& c, const std::string& name, Backend& backend, Preparer* preparer) {
  RandomLayers random(name);
  const Extent& in = c.input;
  const Tensor x = backend.upload(
      random.array({in.batch, in.height, in.width, in.channels}, c.deviation, c.mean));
  if (c.groups == 0) {
    LayerNorm norm = random.layer_norm(in.channels, c.dtype);
    norm.epsilon = c.epsilon;
    prepare(preparer, "norm", norm);
    return backend.download(backend.layer_norm(x, norm));
  }
  GroupNorm norm = random.group_norm(in.channels, c.groups, c.dtype);
  norm.epsilon = c.epsilon;
  prepare(preparer, "norm", norm);
  return backend.download(backend.group_norm(x, norm, c.silu));
}

OperationCase operation(const NormCase& c) {
  const std::string name = name_of(c);
  // The difference from the mean carries the rounding of the mean's size.
  const double tolerance = kNormTolerance + 4e-7 * c.mean / std::max(c.deviation, 1e-3);
  return {"norm", name, tolerance, [c, name](Backend& backend, Preparer* preparer) {
            return run_norm(c, name, backend, preparer);
          }};
}

}  // namespace

std::vector<OperationCase> norm_cases() {
  constexpr DType kTypes[] = {DType::float32, DType::float16, DType::bfloat16};
  std::vector<OperationCase> cases;
  std::size_t number = 0;
  for (const MapSize size : {MapSize{1, 1}, {5, 7}, {17, 9}, {32, 24}}) {
    for (const std::int64_t channels : {1, 3, 4, 8, 12, 16, 24, 40, 320}) {
      const std::int64_t batch = static_cast<std::int64_t>(number % 2) + 1;
      const Extent input{batch, size.height, size.width, channels};
      const DType dtype = kTypes[number % 3];
      cases.push_back(operation({.input = input, .groups = 0, .dtype = dtype}));
      cases.push_back(operation({.input = input,
                                 .groups = fitting_groups(channels),
                                 .silu = number % 2 == 0,
                                 .dtype = dtype}));
      ++number;
    }
  }
  // Where the epsilon decides, and where a variance from sums of squares would cancel.
  for (const int groups : {0, 4}) {
    cases.push_back(operation({.groups = groups, .deviation = 1e-3, .note = "_tinyvariance"}));
    cases.push_back(operation(
        {.groups = groups, .epsilon = 1e-6, .deviation = 1e-3, .note = "_tinyvariance_eps6"}));
    cases.push_back(operation({.groups = groups, .deviation = 0, .mean = 3, .note = "_constant"}));
    cases.push_back(operation({.groups = groups, .mean = 100, .note = "_largemean"}));
  }
  return cases;
}

}  // namespace onestep::testing
