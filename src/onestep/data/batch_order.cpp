#include "onestep/data/batch_order.h"

#include "onestep/base/check.h"
#include "onestep/base/mixed_seed.h"
#include "onestep/base/random.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace onestep {
namespace {

/// What a number is drawn for: draws for different things are unrelated.
enum class Purpose : std::int64_t { set = 1, flip = 2, epoch = 3 };

std::uint64_t draw(std::uint64_t seed, Purpose purpose, std::int64_t a, std::int64_t b) {
  return mixed_seed(seed, {static_cast<std::int64_t>(purpose), a, b});
}

/// In [0,1).
double as_fraction(std::uint64_t bits) {
  return static_cast<double>(bits >> 11) * 0x1p-53;
}

std::vector<double> cumulated(const std::vector<double>& weights) {
  std::vector<double> sums;
  double sum = 0;
  for (const double weight : weights) {
    check(std::isfinite(weight) && weight >= 0,
          "weight of a data set: expected a number not below 0, found ", weight);
    sums.push_back(sum += weight);
  }
  check(sum > 0, "weights of the data sets: all are 0; give one of them more");
  return sums;
}

}  // namespace

BatchOrder::BatchOrder(std::vector<std::int64_t> sizes,
                       std::vector<double> weights,
                       const BatchOrderOptions& options)
    : sizes_(std::move(sizes)),
      options_(options),
      batches_before_(sizes_.size()),
      epochs_(sizes_.size()) {
  check(!sizes_.empty(), "data: there is no data set; give one");
  check(weights.size() == sizes_.size(), "data: ", sizes_.size(), " sets, but ", weights.size(),
        " weights");
  check(std::ranges::all_of(sizes_, [](std::int64_t size) { return size > 0; }),
        "data: a data set has no samples");
  check(options_.batch >= 1, "batch: expected at least 1, found ", options_.batch);
  check(options_.flip >= 0 && options_.flip <= 1, "flip: expected a probability in [0,1], found ",
        options_.flip);
  cumulative_ = cumulated(weights);
}

std::size_t BatchOrder::drawn_set(std::int64_t number) const {
  if (sizes_.size() == 1) return 0;
  const double mark =
      as_fraction(draw(options_.seed, Purpose::set, number, 0)) * cumulative_.back();
  const auto above = std::ranges::upper_bound(cumulative_, mark);
  // The product may round up to the sum itself; a set of weight 0 is never the first above.
  const auto last = std::ranges::lower_bound(cumulative_, cumulative_.back());
  return static_cast<std::size_t>(std::min(above, last) - cumulative_.begin());
}

void BatchOrder::count_until(std::int64_t number) {
  if (sizes_.size() == 1) {
    batches_before_[0] = counted_ = number;
    return;
  }
  if (number < counted_) {
    std::ranges::fill(batches_before_, 0);
    counted_ = 0;
  }
  for (; counted_ < number; ++counted_) ++batches_before_[drawn_set(counted_)];
}

std::int64_t BatchOrder::index_at(std::size_t set, std::int64_t position) {
  const std::int64_t size = sizes_[set];
  if (options_.order == Order::sequential) return position % size;
  Epoch& epoch = epochs_[set];
  if (epoch.number != position / size) {
    epoch.number = position / size;
    const std::uint64_t seed =
        draw(options_.seed, Purpose::epoch, static_cast<std::int64_t>(set), epoch.number);
    epoch.order = TorchGenerator(seed).randperm(size);
  }
  return epoch.order[static_cast<std::size_t>(position % size)];
}

std::vector<SampleChoice> BatchOrder::choices(std::int64_t number) {
  check(number >= 0, "number of a batch: expected at least 0, found ", number);
  count_until(number);
  const std::size_t set = drawn_set(number);
  std::vector<SampleChoice> chosen;
  for (std::int64_t i = 0; i < options_.batch; ++i) {
    const double mark = as_fraction(draw(options_.seed, Purpose::flip, number, i));
    chosen.push_back({.dataset = set,
                      .index = index_at(set, batches_before_[set] * options_.batch + i),
                      .flipped = mark < options_.flip});
  }
  return chosen;
}

}  // namespace onestep
