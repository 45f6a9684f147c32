#include "onestep/data/batch.h"

#include "onestep/base/check.h"
#include "onestep/base/mixed_seed.h"
#include "onestep/data/flip.h"

#include <algorithm>
#include <cstring>

namespace onestep {
namespace {

/// Keeps these draws apart from those of the order, which have other parts.
constexpr std::int64_t kAugmentationDraw = 0x61756720;

bool is_there(const Array& map) {
  return map.elements() > 0;
}

/// [H,W,...] -> [B,H,W,...]; empty when one of them is, or there is none.
Array stacked(const std::vector<const Array*>& maps) {
  if (maps.empty() || !std::ranges::all_of(maps, [](const Array* m) { return is_there(*m); })) {
    return {};
  }
  Shape shape = maps.front()->shape();
  shape.insert(shape.begin(), std::ssize(maps));
  Array result(maps.front()->dtype(), shape);
  std::byte* target = result.mutable_data();
  for (const Array* map : maps) {
    check(map->shape() == maps.front()->shape() && map->dtype() == result.dtype(),
          "maps of a batch: expected ", to_string(maps.front()->shape()), ", found ",
          to_string(map->shape()));
    std::memcpy(target, map->data(), static_cast<std::size_t>(map->bytes()));
    target += map->bytes();
  }
  return result;
}

template <typename Samples, typename Member>
Array stacked(const Samples& samples, Member member) {
  std::vector<const Array*> maps;
  for (const auto& sample : samples) maps.push_back(&(sample.*member));
  return stacked(maps);
}

void check_sample(const Sample& sample, const Sample& first, const Batch& batch, Truth truth) {
  const std::string& name = batch.names.back();
  check(truth != Truth::depth || is_there(sample.depth_m), name, ": has no depth");
  check(truth != Truth::normals || is_there(sample.normals), name, ": has no normals");
  check(sample.image.shape() == first.image.shape(), name, ": has ", sample.image.size(1), "x",
        sample.image.size(0), " pixels, but ", batch.names.front(), " of the same batch has ",
        first.image.size(1), "x", first.image.size(0),
        "; give the data a \"size\" or train with batch 1");
}

}  // namespace

Batch read_batch(const std::vector<DatasetShare>& shares,
                 const std::vector<SampleChoice>& choices,
                 std::int64_t number,
                 const BatchOptions& options,
                 const std::stop_token& stop) {
  const Truth truth = options.truth;
  Batch batch;
  batch.number = number;
  batch.choices = choices;
  std::vector<Sample> samples;
  std::vector<DepthTarget> depths;
  for (const SampleChoice& choice : choices) {
    if (stop.stop_requested()) throw Cancelled();
    const Dataset& dataset = *shares.at(choice.dataset).dataset;
    batch.names.push_back(dataset.name(choice.index));
    Sample sample = dataset.read(choice.index);
    check_sample(sample, samples.empty() ? sample : samples.front(), batch, truth);
    if (choice.flipped) sample = mirrored(sample);
    if (options.augmentation.any()) {
      sample = augmented(
          sample, options.augmentation,
          mixed_seed(options.augmentation.seed, {kAugmentationDraw, number, std::ssize(samples)}));
    }
    if (truth == Truth::depth) sample.normals = {};
    if (truth == Truth::normals) sample.depth_m = {};
    if (is_there(sample.depth_m)) {
      depths.push_back(depth_target(sample.depth_m, sample.mask, options.depth_target));
      sample.mask = depths.back().mask;
    }
    samples.push_back(std::move(sample));
  }
  batch.images = stacked(samples, &Sample::image);
  batch.normals = stacked(samples, &Sample::normals);
  batch.mask = stacked(samples, &Sample::mask);
  if (depths.size() == samples.size()) {
    batch.depth_m = stacked(depths, &DepthTarget::metric);
    batch.depth_norm = stacked(depths, &DepthTarget::depth_norm);
  }
  return batch;
}

}  // namespace onestep
