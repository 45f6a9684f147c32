#include "onestep/backend/torch/torch_engine.h"
#include "onestep/backend/torch/torch_storage.h"
#include "onestep/base/check.h"
#include "onestep/base/thread_pool.h"

#include <gtest/gtest.h>

#include <memory>
#include <stop_token>
#include <string>
#include <thread>

namespace onestep {
namespace {

std::shared_ptr<Engine> cpu_engine(int threads = 1) {
  return make_torch_engine({.device = "cpu"}, threads);
}

std::string message_of(const TorchOptions& options) {
  try {
    make_torch_engine(options);
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

TEST(TorchEngine, SaysWhatItComputesWith) {
  const EngineFacts facts = cpu_engine(2)->facts();
  EXPECT_EQ(facts.device, "cpu");
  EXPECT_EQ(facts.library, "torch 2.11.0");
  EXPECT_EQ(facts.simd, "");
  EXPECT_EQ(facts.threads, 2);
  EXPECT_FALSE(facts.plans_memory);
  EXPECT_EQ(cpu_engine(0)->facts().threads, available_processors());
}

TEST(TorchEngine, NamesTheGpuThatItTakes) {
  if (!torch_cuda_available()) GTEST_SKIP() << "no GPU here";
  EXPECT_EQ(make_torch_engine({.device = "cuda"})->facts().device, "cuda:0");
}

TEST(TorchEngine, RefusesADeviceThatIsNotThere) {
  EXPECT_NE(message_of({.device = "gpu"}).find("'gpu'"), std::string::npos);
  // torch knows this one, we do not.
  EXPECT_NE(message_of({.device = "meta"}).find("'meta'"), std::string::npos);
  const std::string beyond = message_of({.device = "cuda:99"});
  EXPECT_NE(beyond.find("cuda:99"), std::string::npos) << beyond;
  EXPECT_THROW(make_torch_engine({.device = "cpu"}, -1), Error);
}

TEST(TorchEngine, StopsWaitingOnRequest) {
  const auto engine = cpu_engine();
  const auto lease = engine->borrow({});
  std::stop_source stop;
  const std::jthread asking([&] { stop.request_stop(); });
  EXPECT_THROW(engine->borrow(stop.get_token()), Cancelled);
}

TEST(TorchEngine, WakesTheOneThatWaits) {
  const auto engine = cpu_engine();
  bool came = false;
  std::jthread waiting;
  {
    const auto lease = engine->borrow({});
    waiting = std::jthread([&] { came = engine->borrow({}) != nullptr; });
  }
  waiting.join();
  EXPECT_TRUE(came);
}

TEST(TorchEngine, RecordsNoGradientsWhateverIsAsked) {
  const auto engine = make_torch_engine({.device = "cpu", .gradients = true}, 1);
  const auto lease = engine->borrow({});
  Linear linear{.weight = Array::of<float>({1, 2}, {1, 2}),
                .bias = Array::of<float>({1}, {3}),
                .prepared = {}};
  lease->preparer()->prepare("layer", linear);
  EXPECT_FALSE(torch_prepared(linear.prepared).weight.requires_grad());
  onestep::Run run;
  const auto backend = lease->backend(run);
  const Tensor y = backend->linear(backend->upload(Array::of<float>({1, 1, 1, 2}, {5, 7})), linear);
  EXPECT_FALSE(unwrapped(y).requires_grad());
  EXPECT_EQ(backend->download(y).view<float>()[0], 22.0F);
}

TEST(TorchBackend, SaysInOneLineWhatTorchComplainsOf) {
  onestep::Run run;
  const auto backend = make_torch_backend(run, {.device = "cpu"});
  // More than any address space: torch's own message goes on with a backtrace.
  constexpr std::int64_t kHuge = std::int64_t{1} << 24;
  const Tensor column(
      Extent{1, kHuge, kHuge, 1},
      std::make_shared<TorchStorage>(at::ones({1, 1, 1, 1}).expand({1, kHuge, kHuge, 1})));
  try {
    backend->add(column, column);
    FAIL() << "computed";
  } catch (const Error& error) {
    EXPECT_EQ(std::string(error.what()),
              "torch: the device is out of memory; lower the processing resolution or the batch");
  }
}

}  // namespace
}  // namespace onestep
