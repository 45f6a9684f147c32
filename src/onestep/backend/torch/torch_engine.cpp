#include "onestep/backend/torch/torch_engine.h"

#include "onestep/backend/torch/torch_storage.h"
#include "onestep/base/check.h"
#include "onestep/base/thread_pool.h"

#include <ATen/Parallel.h>
#include <torch/headeronly/version.h>

#include <condition_variable>
#include <mutex>
#include <utility>

namespace onestep {
namespace {

/// One after the other, in no particular order.
class Turns {
 public:
  void take(const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    if (!returned_.wait(lock, stop, [this] { return !taken_; })) throw Cancelled();
    taken_ = true;
  }
  void give_back() {
    {
      const std::lock_guard lock(mutex_);
      taken_ = false;
    }
    returned_.notify_one();
  }

 private:
  std::mutex mutex_;
  std::condition_variable_any returned_;
  bool taken_ = false;  // guarded by mutex_
};

class TorchLease final : public Engine::Lease {
 public:
  TorchLease(Turns& turns, const TorchOptions& options, const std::stop_token& stop)
      : turns_(turns), options_(options) {
    turns_.take(stop);
  }
  ~TorchLease() override { turns_.give_back(); }

  std::unique_ptr<Preparer> preparer() override { return make_torch_preparer(options_); }
  std::unique_ptr<Backend> backend(Run& run) override { return make_torch_backend(run, options_); }

 private:
  Turns& turns_;
  const TorchOptions& options_;
};

TorchOptions without_gradients(TorchOptions options) {
  options.gradients = false;
  options.checkpointed = {};
  return options;
}

EngineFacts facts_of(const TorchOptions& options) {
  const at::Device device = torch_device(options);
  EngineFacts facts;
  facts.device = device.str();
  if (device.is_cuda() && !device.has_index()) facts.device += ":0";
  facts.library = "torch " TORCH_VERSION;
  facts.threads = at::get_num_threads();
  return facts;
}

class TorchEngine final : public Engine {
 public:
  explicit TorchEngine(const TorchOptions& options)
      : options_(without_gradients(options)), facts_(facts_of(options)) {}

  const EngineFacts& facts() const override { return facts_; }
  std::unique_ptr<Lease> borrow(const std::stop_token& stop) override {
    return std::make_unique<TorchLease>(turns_, options_, stop);
  }

 private:
  TorchOptions options_;
  EngineFacts facts_;
  Turns turns_;
};

}  // namespace

std::shared_ptr<Engine> make_torch_engine(const TorchOptions& options, int threads) {
  check(threads >= 0, "torch: threads must be 0 (all) or more, not ", threads);
  at::set_num_threads(threads == 0 ? available_processors() : threads);
  return std::make_shared<TorchEngine>(options);
}

}  // namespace onestep
