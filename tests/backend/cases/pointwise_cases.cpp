#include "onestep/base/check.h"

#include <utility>

#include "backend/cases/case_lists.h"
#include "backend/cases/random_layers.h"

namespace onestep::testing {
namespace {

constexpr double kTolerance = 2e-6;

using Body = std::function<Tensor(RandomLayers&, Backend&)>;

OperationCase operation(std::string name, double tolerance, Body body) {
  return {"pointwise", name, tolerance, [name, body](Backend& backend, Preparer* /*preparer*/) {
            RandomLayers random(name);
            return backend.download(body(random, backend));
          }};
}

OperationCase activation_case(const Extent& e, Activation activation, const char* what) {
  return operation(
      concatenate("activate_", what, "_b", e.batch, "_", e.height, "x", e.width, "_", e.channels),
      kTolerance, [=](RandomLayers& random, Backend& backend) {
        // Wide enough for both tails.
        const Array x = random.array({e.batch, e.height, e.width, e.channels}, 8);
        return backend.activate(backend.upload(x), activation);
      });
}

OperationCase concat_case(const Extent& e, std::int64_t second) {
  return operation(
      concatenate("concat_b", e.batch, "_", e.height, "x", e.width, "_", e.channels, "and", second),
      0, [=](RandomLayers& random, Backend& backend) {
        const Tensor a = backend.upload(random.array({e.batch, e.height, e.width, e.channels}));
        const Tensor b = backend.upload(random.array({e.batch, e.height, e.width, second}));
        return backend.concat_channels(a, b);
      });
}

OperationCase add_case(const Extent& e) {
  return operation(concatenate("add_b", e.batch, "_", e.height, "x", e.width, "_", e.channels),
                   kTolerance, [=](RandomLayers& random, Backend& backend) {
                     const Shape shape{e.batch, e.height, e.width, e.channels};
                     const Tensor a = backend.upload(random.array(shape));
                     const Tensor b = backend.upload(random.array(shape));
                     return backend.add(a, b);
                   });
}

OperationCase upload_case(const Shape& shape, DType dtype) {
  std::string name = concatenate("upload_", to_string(dtype));
  for (const std::int64_t side : shape) name += concatenate("_", side);
  return operation(name, dtype == DType::float64 ? kTolerance : 0,
                   [=](RandomLayers& random, Backend& backend) {
                     return backend.upload(random.array(shape, 1, 0, dtype));
                   });
}

}  // namespace

std::vector<OperationCase> pointwise_cases() {
  std::vector<OperationCase> cases;
  for (const Extent& e : {Extent{1, 1, 1, 1},
                          {2, 5, 7, 3},
                          {1, 17, 9, 16},
                          {2, 3, 2, 40},
                          {1, 32, 24, 12},
                          {1, 9, 11, 320}}) {
    cases.push_back(activation_case(e, Activation::silu, "silu"));
    cases.push_back(activation_case(e, Activation::gelu, "gelu"));
    cases.push_back(activation_case(e, Activation::quick_gelu, "quickgelu"));
    cases.push_back(add_case(e));
    for (const std::int64_t second : {1, 8, 13, 24}) cases.push_back(concat_case(e, second));
  }
  for (const DType dtype : {DType::float64, DType::float32, DType::float16, DType::bfloat16}) {
    cases.push_back(upload_case({3, 10}, dtype));
    cases.push_back(upload_case({2, 7, 5}, dtype));
    cases.push_back(upload_case({1, 5, 7, 17}, dtype));
  }
  return cases;
}

}  // namespace onestep::testing
