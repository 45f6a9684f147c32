#pragma once

#include <cstdint>
#include <vector>

namespace onestep {

/// How a data set's samples follow each other: in a new random order every epoch, or as they are
/// listed.
enum class Order { shuffled, sequential };

/// A sample of a batch: which one, and whether it is mirrored.
struct SampleChoice {
  std::size_t dataset = 0;
  std::int64_t index = 0;
  bool flipped = false;
  bool operator==(const SampleChoice&) const = default;
};

struct BatchOrderOptions {
  std::int64_t batch = 2;
  Order order = Order::shuffled;
  double flip = 0.5;  ///< probability that a sample is mirrored
  std::uint64_t seed = 0;
};

/// Which samples are in micro-batch number 0, 1, 2, ... of a run: a function of the options, the
/// sets and the number alone. Every batch is of one data set, drawn by weight. Each set is an
/// endless row of epochs, of which its batches take the next samples, so a batch may hold the end
/// of one epoch and the beginning of the next (in a set smaller than a batch, several).
class BatchOrder {
 public:
  /// `sizes` and `weights` of the data sets. Throws Error unless there is one, each has a sample,
  /// weights are finite, not negative and not all 0, the batch is at least 1 and `flip` in [0,1].
  BatchOrder(std::vector<std::int64_t> sizes,
             std::vector<double> weights,
             const BatchOrderOptions& options);

  /// The samples of micro-batch `number`. Numbers that follow each other are quick; going back, or
  /// far ahead, counts the batches in between. What is kept for that makes the object one for a
  /// single thread at a time; the result does not depend on what was asked before.
  std::vector<SampleChoice> choices(std::int64_t number);

 private:
  struct Epoch {
    std::int64_t number = -1;
    std::vector<std::int64_t> order;
  };

  std::size_t drawn_set(std::int64_t number) const;
  std::int64_t index_at(std::size_t set, std::int64_t position);
  void count_until(std::int64_t number);

  std::vector<std::int64_t> sizes_;
  std::vector<double> cumulative_;  // weights, the last is their sum
  BatchOrderOptions options_;
  std::int64_t counted_ = 0;                  // batches before this number are in batches_before_
  std::vector<std::int64_t> batches_before_;  // of each set
  std::vector<Epoch> epochs_;                 // of each set, the last that was asked for
};

}  // namespace onestep
