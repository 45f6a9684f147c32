#include "onestep/data/loader.h"

#include "onestep/base/check.h"
#include "onestep/base/thread_pool.h"

#include <condition_variable>
#include <exception>
#include <map>
#include <mutex>
#include <stop_token>
#include <thread>
#include <utility>

namespace onestep {
namespace {

/// A batch, or why there is none.
struct Outcome {
  Batch batch;
  std::exception_ptr failure;
};

BatchOrder order_of(const std::vector<DatasetShare>& shares, const LoaderOptions& options) {
  std::vector<std::int64_t> sizes;
  std::vector<double> weights;
  for (const DatasetShare& share : shares) {
    sizes.push_back(share.dataset->size());
    weights.push_back(share.weight);
  }
  return {
      std::move(sizes),
      std::move(weights),
      {.batch = options.batch, .order = options.order, .flip = options.flip, .seed = options.seed}};
}

}  // namespace

struct Loader::State {
  State(std::vector<DatasetShare> given, const LoaderOptions& options)
      : shares(std::move(given)),
        contents(options.contents),
        order(order_of(shares, options)),
        to_take(options.first),
        to_return(options.first),
        ahead(2 * options.workers) {}

  ~State() {
    stop.request_stop();
    {
      const std::lock_guard lock(mutex);  // nobody is between looking at `stop` and waiting
    }
    room.notify_all();
    for (std::thread& thread : threads) thread.join();
  }

  /// A worker: takes the number after the last that was taken, reads that batch, again and again.
  void work() {
    std::unique_lock lock(mutex);
    while (true) {
      room.wait(lock, [&] { return stop.stop_requested() || to_take < to_return + ahead; });
      if (stop.stop_requested()) return;
      const std::int64_t number = to_take++;
      Outcome outcome = read(number, lock);
      finished.emplace(number, std::move(outcome));
      arrival.notify_one();
    }
  }

  /// Gives up the lock while it reads.
  Outcome read(std::int64_t number, std::unique_lock<std::mutex>& lock) {
    Outcome outcome;
    try {
      const auto choices = order.choices(number);
      lock.unlock();
      outcome.batch = read_batch(shares, choices, number, contents, stop.get_token());
    } catch (...) {
      outcome.failure = std::current_exception();
    }
    if (!lock.owns_lock()) lock.lock();
    return outcome;
  }

  const std::vector<DatasetShare> shares;
  const BatchOptions contents;
  std::stop_source stop;
  std::mutex mutex;
  std::condition_variable room;     // for another batch
  std::condition_variable arrival;  // of a batch
  BatchOrder order;
  std::map<std::int64_t, Outcome> finished;
  std::int64_t to_take;    // number of the batch that is read next
  std::int64_t to_return;  // number of the batch that next() waits for
  const std::int64_t ahead;
  std::vector<std::thread> threads;
};

Loader::Loader(std::vector<DatasetShare> shares, const LoaderOptions& options) {
  check(options.workers >= 1 && options.workers <= 256,
        "workers of the loader: expected 1 to 256, found ", options.workers);
  check(options.first >= 0, "number of the first batch: expected at least 0, found ",
        options.first);
  state_ = std::make_unique<State>(std::move(shares), options);
  state_->threads.reserve(static_cast<std::size_t>(options.workers));
  for (int i = 0; i < options.workers; ++i) {
    state_->threads.push_back(start_thread([state = state_.get()] { state->work(); }));
  }
}

Loader::~Loader() = default;

Batch Loader::next() {
  std::unique_lock lock(state_->mutex);
  const std::int64_t number = state_->to_return;
  state_->arrival.wait(lock, [&] { return state_->finished.contains(number); });
  Outcome outcome = std::move(state_->finished.extract(number).mapped());
  ++state_->to_return;
  lock.unlock();
  state_->room.notify_all();
  if (outcome.failure) std::rethrow_exception(outcome.failure);
  return std::move(outcome.batch);
}

}  // namespace onestep
