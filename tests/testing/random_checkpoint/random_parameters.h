#pragma once

#include "onestep/base/thread_pool.h"
#include "onestep/io/safetensors.h"
#include "onestep/nn/layer_visitor.h"

#include <cstdint>
#include <string>

namespace onestep::testing {

/// Draws the parameters of declared layers into a StateDict, in parallel. A tensor's values depend
/// on the seed and its key alone, neither on the order of the visit nor on the number of threads.
class RandomParameters final : public LayerVisitor {
 public:
  /// `prefix` goes before every key; `dtype` is float16 or float32.
  RandomParameters(std::uint64_t seed, DType dtype, std::string prefix, ThreadPool& pool);
  void operator()(const std::string& key, Conv& conv) override;
  void operator()(const std::string& key, Linear& linear) override;
  void operator()(const std::string& key, GroupNorm& norm) override;
  void operator()(const std::string& key, LayerNorm& norm) override;
  void operator()(const std::string& key, Embedding& embedding) override;

  StateDict state;

 private:
  void draw(const std::string& key, const Shape& shape, double bound);
  void fill(const std::string& key, const Shape& shape, float value);

  std::uint64_t seed_;
  DType dtype_;
  std::string prefix_;
  ThreadPool& pool_;
};

}  // namespace onestep::testing
