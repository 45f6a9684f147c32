#pragma once

#include "onestep/data/batch.h"
#include "onestep/data/batch_order.h"
#include "onestep/data/dataset.h"

#include <cstdint>
#include <memory>
#include <vector>

namespace onestep {

struct LoaderOptions {
  std::int64_t batch = 2;
  Order order = Order::shuffled;
  double flip = 0.5;
  std::uint64_t seed = 0;
  BatchOptions contents = {};
  int workers = 2;
  std::int64_t first = 0;  ///< number of the first micro-batch that next() returns
};

/// Reads batches ahead on `workers` threads, at most two for each. They come in their order and do
/// not depend on the number of workers, nor on where the loader began.
class Loader {
 public:
  /// Starts the threads. Throws Error for options that BatchOrder refuses, a negative `first`,
  /// other than 1 to 256 workers, and when the system has no room for the threads.
  Loader(std::vector<DatasetShare> shares, const LoaderOptions& options);
  /// Waits for no more than the samples that are being read.
  ~Loader();
  Loader(const Loader&) = delete;
  Loader& operator=(const Loader&) = delete;

  /// The next batch; waits for it. Rethrows what reading it threw; the call after that returns the
  /// batch after it. For one thread at a time.
  Batch next();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace onestep
