#pragma once

#include "onestep/base/thread_pool.h"
#include "onestep/cli/prediction/bounded_queue.h"

#include <array>
#include <cstddef>
#include <functional>
#include <stop_token>
#include <thread>
#include <utility>

namespace onestep {

/// What happens to each item of a line. `read` and `write` throw nothing.
template <typename Item, typename Result>
struct LineSteps {
  /// On a thread of its own, one item ahead.
  std::function<Item(std::size_t index)> read;
  /// On the calling thread, before the item is there.
  std::function<void(std::size_t index)> begin;
  /// On the calling thread; hands any number of results on.
  std::function<void(std::size_t index, Item item, const std::function<void(Result)>& hand_on)>
      compute;
  /// On a thread of its own, one result behind.
  std::function<void(Result result)> write;
};

/// Takes items 0 to `count` - 1 through the steps, each step in this order: while one item is
/// computed, the next is read and the one before is written. At most one waits in between. Begins
/// no further item once `stop` is requested; what `compute` throws ends the line and is passed on.
template <typename Item, typename Result>
void run_line(std::size_t count,
              const std::stop_token& stop,
              const LineSteps<Item, Result>& steps) {
  BoundedQueue<Item> items(1);
  BoundedQueue<Result> results(1);
  std::thread reader;
  std::thread writer;
  // Whatever is thrown, also by the start of a thread: queues closed, threads joined.
  struct Ending {
    BoundedQueue<Item>& items;
    BoundedQueue<Result>& results;
    std::array<std::thread*, 2> threads;
    ~Ending() {
      items.close();
      results.close();
      for (std::thread* thread : threads) {
        if (thread->joinable()) thread->join();
      }
    }
  } const ending{items, results, {&reader, &writer}};
  reader = start_thread([&] {
    // Room is waited for before the reading: at most one item waits.
    for (std::size_t i = 0; i < count && items.wait_for_room(); ++i) items.push(steps.read(i));
    items.close();
  });
  writer = start_thread([&] {
    while (auto result = results.pop()) steps.write(std::move(*result));
  });
  for (std::size_t i = 0; i < count && !stop.stop_requested(); ++i) {
    steps.begin(i);
    auto item = items.pop();
    if (!item) return;
    steps.compute(i, std::move(*item), [&](Result result) { results.push(std::move(result)); });
  }
}

}  // namespace onestep
