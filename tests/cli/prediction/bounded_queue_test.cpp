#include "onestep/cli/prediction/bounded_queue.h"

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <thread>

namespace onestep {
namespace {

TEST(BoundedQueue, KeepsTheOrderAndNeverHoldsMoreThanItsCapacity) {
  constexpr int kValues = 2000;
  BoundedQueue<std::unique_ptr<int>> queue(2);
  std::atomic<int> waiting = 0;
  std::thread producer([&] {
    for (int i = 0; i < kValues; ++i) {
      ASSERT_TRUE(queue.wait_for_room());
      ++waiting;
      ASSERT_TRUE(queue.push(std::make_unique<int>(i)));
    }
    queue.close();
  });
  int expected = 0;
  while (const auto value = queue.pop()) {
    EXPECT_EQ(**value, expected++);
    EXPECT_LE(waiting--, 4);  // two in the queue, one just popped, one about to be pushed
  }
  producer.join();
  EXPECT_EQ(expected, kValues);
}

TEST(BoundedQueue, ClosingFreesAThreadThatWaitsForRoom) {
  BoundedQueue<int> queue(1);
  ASSERT_TRUE(queue.push(1));
  std::atomic<bool> pushed = true;
  std::thread producer([&] { pushed = queue.push(2); });
  queue.close();
  producer.join();
  EXPECT_FALSE(pushed);
  EXPECT_FALSE(queue.wait_for_room());
}

TEST(BoundedQueue, ClosingFreesAThreadThatWaitsForAValue) {
  BoundedQueue<int> queue(1);
  std::atomic<bool> got = true;
  std::thread consumer([&] { got = queue.pop().has_value(); });
  queue.close();
  consumer.join();
  EXPECT_FALSE(got);
}

TEST(BoundedQueue, WhatWaitsWhenItIsClosedCanStillBePopped) {
  BoundedQueue<int> queue(2);
  queue.push(1);
  queue.push(2);
  queue.close();
  EXPECT_EQ(queue.pop(), 1);
  EXPECT_EQ(queue.pop(), 2);
  EXPECT_FALSE(queue.pop().has_value());
}

}  // namespace
}  // namespace onestep
