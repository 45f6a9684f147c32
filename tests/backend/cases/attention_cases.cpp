#include "onestep/base/check.h"

#include "backend/cases/case_lists.h"
#include "backend/cases/random_layers.h"

namespace onestep::testing {
namespace {

struct AttentionCase {
  std::int64_t batch = 1;
  MapSize queries{5, 3};
  std::int64_t keys = 0;  // 0: self attention, as many as queries
  std::int64_t key_batch = 1;
  int heads = 2;
  std::int64_t head_width = 8;
  bool causal = false;
  double sharpness = 1;  // deviation of the queries: large ones make the softmax one-hot
};

std::string name_of(const AttentionCase& c) {
  return concatenate("attention_b", c.batch, "_q", c.queries.height, "x", c.queries.width, "_k",
                     c.keys, "_kb", c.key_batch, "_h", c.heads, "x", c.head_width,
                     c.causal ? "_causal" : "", c.sharpness == 1 ? "" : "_sharp");
}

Array run_attention(const AttentionCase& c, const std::string& name, Backend& backend) {
  RandomLayers random(name);
  const std::int64_t channels = c.heads * c.head_width;
  const MapSize keys = c.keys == 0 ? c.queries : MapSize{c.keys, 1};
  const Shape kv_shape{c.key_batch, keys.height, keys.width, channels};
  const Tensor q = backend.upload(
      random.array({c.batch, c.queries.height, c.queries.width, channels}, c.sharpness));
  const Tensor k = backend.upload(random.array(kv_shape));
  const Tensor v = backend.upload(random.array(kv_shape));
  return backend.download(backend.attention(q, k, v, c.heads, c.causal));
}

OperationCase operation(const AttentionCase& c) {
  const std::string name = name_of(c);
  // Scores have the queries' deviation; their rounding error passes through exp.
  const double tolerance = 2 * c.sharpness * sum_tolerance(static_cast<double>(c.head_width));
  return {"attention", name, tolerance, [c, name](Backend& backend, Preparer* /*preparer*/) {
            return run_attention(c, name, backend);
          }};
}

}  // namespace

std::vector<OperationCase> attention_cases() {
  std::vector<OperationCase> cases;
  for (const std::int64_t width : {1, 3, 4, 8, 16, 40, 64, 80, 160, 512}) {
    const int heads = width > 80 ? 1 : 3;
    for (const MapSize size : {MapSize{1, 1}, {5, 3}, {9, 11}}) {
      cases.push_back(operation({.queries = size, .heads = heads, .head_width = width}));
      for (const std::int64_t keys : {1, 2, 77}) {
        cases.push_back(
            operation({.queries = size, .keys = keys, .heads = heads, .head_width = width}));
      }
    }
    cases.push_back(
        operation({.queries = {77, 1}, .heads = heads, .head_width = width, .causal = true}));
  }
  for (const std::int64_t tokens : {1, 2, 7, 16, 33}) {
    cases.push_back(
        operation({.batch = 2, .queries = {tokens, 1}, .key_batch = 2, .causal = true}));
  }
  for (const std::int64_t keys : {0, 2, 5, 77, 130}) {
    cases.push_back(operation({.batch = 3, .keys = keys, .key_batch = 1}));
    cases.push_back(operation({.batch = 3, .keys = keys, .key_batch = 3}));
  }
  cases.push_back(operation({.queries = {20, 13}, .heads = 5, .head_width = 64}));
  cases.push_back(operation({.queries = {20, 13}, .heads = 2, .head_width = 40, .sharpness = 30}));
  cases.push_back(operation({.keys = 2, .heads = 5, .head_width = 64, .sharpness = 30}));
  return cases;
}

}  // namespace onestep::testing
