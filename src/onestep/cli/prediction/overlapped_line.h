#pragma once

#include "onestep/cli/prediction/bounded_queue.h"

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
  // In this order of destruction, whatever is thrown: queues closed, threads joined.
  const std::jthread reader([&] {
    // Room is waited for before the reading: at most one item waits.
    for (std::size_t i = 0; i < count && items.wait_for_room(); ++i) items.push(steps.read(i));
    items.close();
  });
  const std::jthread writer([&] {
    while (auto result = results.pop()) steps.write(std::move(*result));
  });
  struct Closing {
    BoundedQueue<Item>& items;
    BoundedQueue<Result>& results;
    ~Closing() {
      items.close();
      results.close();
    }
  } const closing{items, results};
  for (std::size_t i = 0; i < count && !stop.stop_requested(); ++i) {
    steps.begin(i);
    auto item = items.pop();
    if (!item) return;
    steps.compute(i, std::move(*item), [&](Result result) { results.push(std::move(result)); });
  }
}

}  // namespace onestep
