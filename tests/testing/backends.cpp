#include "testing/backends.h"

#include "onestep/backend/plain/plain_backend.h"

#include "testing/sanitized.h"

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

class PlainLease final : public Engine::Lease {
 public:
  std::unique_ptr<Preparer> preparer() override { return std::make_unique<NoPreparer>(); }
  std::unique_ptr<Backend> backend(Run& run) override {
    return std::make_unique<PlainBackend>(run);
  }
};

class PlainEngine final : public Engine {
 public:
  const EngineFacts& facts() const override { return facts_; }
  std::unique_ptr<Lease> borrow(const std::stop_token& /*stop*/) override {
    return std::make_unique<PlainLease>();
  }

 private:
  EngineFacts facts_;
};

}  // namespace

std::vector<TestedBackend> tested_cpu_backends() {
  std::vector<TestedBackend> backends;
  for (const auto& simd : cpu_simd_targets()) {
    for (const auto algorithm : {ConvAlgorithm::direct, ConvAlgorithm::tiles}) {
      const std::string suffix = algorithm == ConvAlgorithm::direct ? "_direct" : "_tiles";
      backends.push_back(
          tested_cpu(simd + suffix, {.threads = 2, .simd = simd, .conv_algorithm = algorithm}));
    }
  }
  return backends;
}

std::vector<TestedBackend> tested_backends() {
  std::vector<TestedBackend> backends = {
      {.name = "plain", .make_engine = [] { return std::make_shared<PlainEngine>(); }}};
  for (auto& backend : tested_cpu_backends()) backends.push_back(std::move(backend));
  return backends;
}

std::vector<TestedBackend> tested_engines() {
  if (!kSanitized) return tested_cpu_backends();
  // What the program itself would choose: each kernel meets the sanitizers in the tests of
  // operations and networks.
  const std::string best = cpu_simd_targets().front();
  return {tested_cpu(best + "_automatic", {.threads = 2, .simd = best})};
}

}  // namespace onestep::testing
