#include "onestep/backend/plan/plan_backend.h"

#include "onestep/base/check.h"

#include <algorithm>
#include <utility>

namespace onestep {
namespace {

/// A range of the planned arena; given back with the last handle.
struct PlannedRange final : Tensor::Storage {
  PlannedRange(std::shared_ptr<OffsetAllocator> owner, std::int64_t length)
      : allocator(std::move(owner)), bytes(length), offset(allocator->allocate(length)) {}
  ~PlannedRange() override { allocator->release(offset, bytes); }
  PlannedRange(const PlannedRange&) = delete;
  PlannedRange& operator=(const PlannedRange&) = delete;

  std::shared_ptr<OffsetAllocator> allocator;
  std::int64_t bytes;
  std::int64_t offset;
};

}  // namespace

PlanBackend::PlanBackend(Run& run, StorageBytes storage_bytes, ConvBytes conv_bytes)
    : Backend(run),
      storage_bytes_(std::move(storage_bytes)),
      conv_bytes_(std::move(conv_bytes)),
      allocator_(std::make_shared<OffsetAllocator>()) {
  check(static_cast<bool>(storage_bytes_), "plan: no function for the bytes of a tensor");
}

PlanBackend::~PlanBackend() = default;

std::int64_t PlanBackend::peak_bytes() const {
  return allocator_->peak();
}

Tensor PlanBackend::make(const Extent& extent) {
  return {extent, std::make_shared<PlannedRange>(allocator_, storage_bytes_(extent))};
}

Tensor PlanBackend::do_upload(const Array& /*array*/, const Extent& extent) {
  return make(extent);
}

Array PlanBackend::do_download(const Tensor& x) {
  return Array::declared(DType::float32, {x.batch(), x.height(), x.width(), x.channels()});
}

Tensor PlanBackend::do_conv2d(const Tensor& /*x*/,
                              const Conv& conv,
                              const ConvOptions& /*options*/,
                              const Extent& output) {
  if (conv_bytes_) peak_conv_bytes_ = std::max(peak_conv_bytes_, conv_bytes_(conv, output));
  return make(output);
}

Tensor PlanBackend::do_linear(const Tensor& /*x*/,
                              const Linear& /*linear*/,
                              const LinearOptions& /*options*/,
                              const Extent& output) {
  return make(output);
}

Tensor PlanBackend::do_attention(
    const Tensor& q, const Tensor& /*k*/, const Tensor& /*v*/, int /*heads*/, bool /*causal*/) {
  return make(q.extent());
}

Tensor PlanBackend::do_group_norm(const Tensor& x, const GroupNorm& /*norm*/, bool /*silu*/) {
  return make(x.extent());
}

Tensor PlanBackend::do_layer_norm(const Tensor& x, const LayerNorm& /*norm*/) {
  return make(x.extent());
}

Tensor PlanBackend::do_activate(const Tensor& x, Activation /*activation*/) {
  return make(x.extent());
}

Tensor PlanBackend::do_concat_channels(const Tensor& /*a*/,
                                       const Tensor& /*b*/,
                                       const Extent& output) {
  return make(output);
}

Tensor PlanBackend::do_add(const Tensor& a, const Tensor& /*b*/) {
  return make(a.extent());
}

}  // namespace onestep
