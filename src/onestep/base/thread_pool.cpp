#include "onestep/base/thread_pool.h"

#include "onestep/base/check.h"

#include <sched.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <system_error>
#include <thread>
#include <vector>

namespace onestep {

int available_processors() {
  cpu_set_t mask;
  CPU_ZERO(&mask);
  if (sched_getaffinity(0, sizeof mask, &mask) == 0) return std::max(1, CPU_COUNT(&mask));
  return std::max(1U, std::thread::hardware_concurrency());
}

/// One loop as all threads see it. `next` hands out chunks; the rest is guarded by `mutex`.
struct ThreadPool::State {
  using Body = FunctionRef<void(std::int64_t, std::int64_t, int)>;

  std::mutex mutex;
  std::condition_variable wake;
  std::condition_variable rest;
  std::vector<std::thread> workers;

  std::uint64_t loop = 0;  // number of the loop that runs or ran last
  int working = 0;
  bool quit = false;
  std::exception_ptr failure;

  const Body* body = nullptr;
  const std::stop_token* stop = nullptr;
  std::int64_t count = 0;
  std::int64_t grain = 1;
  std::atomic<std::int64_t> next{0};

  void run_chunks(int thread) {
    try {
      while (!stop->stop_requested()) {
        const std::int64_t begin = next.fetch_add(grain, std::memory_order_relaxed);
        if (begin >= count) return;
        (*body)(begin, std::min(begin + grain, count), thread);
      }
    } catch (...) {  // carried to the caller of parallel_for
      next.store(count, std::memory_order_relaxed);
      const std::lock_guard lock(mutex);
      if (!failure) failure = std::current_exception();
    }
  }

  void end_workers() {
    {
      const std::lock_guard lock(mutex);
      quit = true;
    }
    wake.notify_all();
    for (std::thread& worker : workers) worker.join();
  }

  void work(int thread) {
    std::uint64_t seen = 0;
    std::unique_lock lock(mutex);
    while (true) {
      wake.wait(lock, [&] { return quit || loop != seen; });
      if (quit) return;
      seen = loop;
      lock.unlock();
      run_chunks(thread);
      lock.lock();
      if (--working == 0) rest.notify_one();
    }
  }
};

ThreadPool::ThreadPool(int threads) : state_(std::make_unique<State>()) {
  check(threads >= 1 && threads <= 1024, "a pool needs 1 to 1024 threads, not ", threads);
  state_->workers.reserve(static_cast<std::size_t>(threads - 1));
  try {
    for (int thread = 1; thread < threads; ++thread) {
      state_->workers.emplace_back([state = state_.get(), thread] { state->work(thread); });
    }
  } catch (const std::system_error& error) {
    state_->end_workers();  // a running thread that is only dropped would end the program
    fail("cannot start ", threads, " threads: ", error.code().message(),
         "; use fewer threads (--threads)");
  }
}

ThreadPool::~ThreadPool() {
  state_->end_workers();
}

int ThreadPool::threads() const {
  return static_cast<int>(state_->workers.size()) + 1;
}

void ThreadPool::parallel_for(
    std::int64_t count,
    std::int64_t grain,
    const std::stop_token& stop,
    FunctionRef<void(std::int64_t begin, std::int64_t end, int thread)> body) {
  State& state = *state_;
  {
    const std::lock_guard lock(state.mutex);
    state.body = &body;
    state.stop = &stop;
    state.count = count;
    state.grain = std::max<std::int64_t>(1, grain);
    state.next.store(0, std::memory_order_relaxed);
    state.failure = nullptr;
    state.working = static_cast<int>(state.workers.size());
    ++state.loop;
  }
  state.wake.notify_all();
  state.run_chunks(0);
  std::unique_lock lock(state.mutex);
  state.rest.wait(lock, [&] { return state.working == 0; });
  if (state.failure) std::rethrow_exception(std::exchange(state.failure, nullptr));
  if (stop.stop_requested()) throw Cancelled();
}

}  // namespace onestep
