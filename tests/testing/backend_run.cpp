#include "onestep/backend/cpu/engine/cpu_engine.h"

#include "testing/backends.h"

namespace onestep::testing {
namespace {

class PreparingVisitor final : public LayerVisitor {
 public:
  explicit PreparingVisitor(Preparer& preparer) : preparer_(preparer) {}
  void operator()(const std::string& key, Conv& conv) override { preparer_.prepare(key, conv); }
  void operator()(const std::string& key, Linear& linear) override {
    preparer_.prepare(key, linear);
  }
  void operator()(const std::string& key, GroupNorm& norm) override {
    preparer_.prepare(key, norm);
  }
  void operator()(const std::string& key, LayerNorm& norm) override {
    preparer_.prepare(key, norm);
  }
  void operator()(const std::string&, Embedding&) override {}

 private:
  Preparer& preparer_;
};

}  // namespace

TestedBackend tested_cpu(const std::string& name, const CpuOptions& options) {
  return {.name = name, .make_engine = [options] { return make_cpu_engine(options); }};
}

BackendRun::BackendRun(const TestedBackend& tested)
    : engine_(tested.make_engine()),
      lease_(engine_->borrow({})),
      preparer_(lease_->preparer()),
      visitor_(std::make_unique<PreparingVisitor>(*preparer_)),
      backend_(lease_->backend(run_)) {}

BackendRun::~BackendRun() = default;

Tensor upload_reference(Backend& backend, const Array& array) {
  return backend.upload(array.rank() == 4 ? channels_last(array) : array);
}

Array download_reference(Backend& backend, const Tensor& x, std::size_t rank) {
  const auto array = backend.download(x);
  return rank == 4 ? channels_first(array) : array;
}

}  // namespace onestep::testing
