#include "testing/backends.h"

#include "onestep/backend/plain/plain_backend.h"

namespace onestep::testing {
namespace {

/// The plain backend reads the layers as they are.
class NoPreparer final : public Preparer {
 public:
  void prepare(std::string_view, Conv&) override {}
  void prepare(std::string_view, Linear&) override {}
  void prepare(std::string_view, GroupNorm&) override {}
  void prepare(std::string_view, LayerNorm&) override {}
};

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

std::vector<TestedBackend> tested_cpu_backends() {
  std::vector<TestedBackend> backends;
  for (const auto& simd : cpu_simd_targets()) {
    for (const auto algorithm : {ConvAlgorithm::direct, ConvAlgorithm::phases}) {
      const std::string suffix = algorithm == ConvAlgorithm::direct ? "_direct" : "_phases";
      backends.push_back({.name = simd + suffix,
                          .plain = false,
                          .cpu = {.threads = 2, .simd = simd, .conv_algorithm = algorithm}});
    }
  }
  return backends;
}

std::vector<TestedBackend> tested_backends() {
  std::vector<TestedBackend> backends = {TestedBackend()};
  for (auto& backend : tested_cpu_backends()) backends.push_back(std::move(backend));
  return backends;
}

BackendRun::BackendRun(const TestedBackend& tested) {
  if (tested.plain) {
    preparer_ = std::make_unique<NoPreparer>();
    backend_ = std::make_unique<PlainBackend>(run_);
  } else {
    workspace_ = std::make_unique<CpuWorkspace>(tested.cpu);
    preparer_ = make_cpu_preparer(*workspace_);
    backend_ = make_cpu_backend(run_, *workspace_);
  }
  visitor_ = std::make_unique<PreparingVisitor>(*preparer_);
}

BackendRun::~BackendRun() = default;

Tensor upload_reference(Backend& backend, const Array& array) {
  return backend.upload(array.rank() == 4 ? channels_last(array) : array);
}

Array download_reference(Backend& backend, const Tensor& x, std::size_t rank) {
  const auto array = backend.download(x);
  return rank == 4 ? channels_first(array) : array;
}

}  // namespace onestep::testing
