#include "onestep/backend/cpu/products/packing.h"
#include "onestep/backend/cpu/workspace.h"

namespace onestep {
namespace {

std::int64_t packed_bytes(const Array& weight) {
  const std::int64_t columns = weight.size(0);
  const DType dtype = weight.dtype();
  const std::int64_t size =
      dtype == DType::float16 || dtype == DType::bfloat16 ? 2 : std::int64_t{4};
  return weight.elements() / columns * cpu::padded_channels(columns) * size +
         cpu::padded_channels(columns) * 4;
}

class CpuPreparer final : public Preparer {
 public:
  explicit CpuPreparer(CpuWorkspace& workspace) : state_(workspace.state()) {}

  void prepare(std::string_view key, Conv& conv) override {
    auto dense = prepare_dense(key, conv.weight, conv.bias);
    conv.weight.release_pages();
    conv.prepared = std::move(dense);
  }

  void prepare(std::string_view key, Linear& linear) override {
    auto dense = prepare_dense(key, linear.weight, linear.bias);
    linear.weight.release_pages();
    linear.prepared = std::move(dense);
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
    dense->direct = cpu::pack(key, weight, panel(), state_.pool);
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
  return packed_bytes(conv.weight);
}

std::int64_t cpu_prepared_bytes(const Linear& linear) {
  return packed_bytes(linear.weight);
}

}  // namespace onestep
