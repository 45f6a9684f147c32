#include "onestep/backend/cpu/products/weights.h"
#include "onestep/backend/cpu/workspace.h"

namespace onestep {
namespace {

/// The file's weights stay as they are; the bias becomes float32.
std::int64_t kept_bytes(const Array& weight) {
  return weight.elements() * size_of(cpu::kept_dtype(weight.dtype())) +
         cpu::padded_channels(weight.size(0)) * 4;
}

class CpuPreparer final : public Preparer {
 public:
  explicit CpuPreparer(CpuWorkspace& workspace) : state_(workspace.state()) {}

  void prepare(std::string_view key, Conv& conv) override {
    conv.prepared = prepare_dense(key, conv.weight, conv.bias);
  }

  void prepare(std::string_view key, Linear& linear) override {
    linear.prepared = prepare_dense(key, linear.weight, linear.bias);
  }

  void prepare(std::string_view key, GroupNorm& norm) override {
    norm.prepared = prepare_norm(key, norm.weight, norm.bias);
  }

  void prepare(std::string_view key, LayerNorm& norm) override {
    norm.prepared = prepare_norm(key, norm.weight, norm.bias);
  }

 private:
  std::int64_t panel() const { return 2 * state_.kernels.lanes; }

  std::shared_ptr<cpu::PreparedDense> prepare_dense(std::string_view key,
                                                    const Array& weight,
                                                    const Array& bias) {
    check(weight.size(1) <= cpu::kMostChannels, key, ".weight has ", weight.size(1),
          " input channels, the CPU backend takes ", cpu::kMostChannels);
    auto dense = std::make_shared<cpu::PreparedDense>();
    dense->simd = state_.simd;
    dense->direct = cpu::weight_matrix(key, weight, panel(), state_.pool);
    dense->bias = cpu::padded_vector(concatenate(key, ".bias"), bias, dense->direct.padded);
    return dense;
  }

  static std::shared_ptr<const Prepared> prepare_norm(std::string_view key,
                                                      const Array& weight,
                                                      const Array& bias) {
    const std::int64_t padded = cpu::padded_channels(weight.elements());
    auto norm = std::make_shared<cpu::PreparedNorm>();
    norm->gain = cpu::padded_vector(concatenate(key, ".weight"), weight, padded);
    norm->bias = cpu::padded_vector(concatenate(key, ".bias"), bias, padded);
    return norm;
  }

  CpuWorkspace::State& state_;
};

}  // namespace

std::unique_ptr<Preparer> make_cpu_preparer(CpuWorkspace& workspace) {
  return std::make_unique<CpuPreparer>(workspace);
}

std::int64_t cpu_prepared_bytes(const Conv& conv) {
  return kept_bytes(conv.weight);
}

std::int64_t cpu_prepared_bytes(const Linear& linear) {
  return kept_bytes(linear.weight);
}

}  // namespace onestep
