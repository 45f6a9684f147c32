#pragma once

#include "onestep/data/augmentation/augmentation.h"
#include "onestep/data/batch_order.h"
#include "onestep/data/dataset.h"
#include "onestep/data/depth_target.h"
#include "onestep/tensor/array.h"

#include <cstdint>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

namespace onestep {

/// One of the sets that training mixes.
struct DatasetShare {
  std::shared_ptr<const Dataset> dataset;
  double weight = 1;
};

/// A micro-batch as the objectives see it. Maps of a truth that is not wanted, or that not every
/// sample has, are empty ([0]).
struct Batch {
  std::int64_t number = 0;  ///< of the micro-batch in the run
  std::vector<SampleChoice> choices;
  std::vector<std::string> names;  ///< of the samples, for messages
  Array images;                    ///< uint8 [B,H,W,3]
  Array depth_m;                   ///< float32 [B,H,W]: metric of depth_target()
  Array depth_norm;                ///< float32 [B,H,W]: the same in [-1,1]
  Array normals;                   ///< float32 [B,H,W,3], frame dsine, zero where unknown
  Array mask;                      ///< uint8 [B,H,W]; all 0 for a sample without usable depth
};

/// What a batch is made of its samples.
struct BatchOptions {
  Truth truth = Truth::depth;
  DepthTargetOptions depth_target = {};
  AugmentationOptions augmentation = {};
};

/// Reads the samples, mirrors those that are to be, augments them (by the seed of
/// the augmentation, the batch's number and the place in the batch), makes the depth targets and
/// stacks. Throws Error when a sample lacks the wanted truth or when sizes differ (names, sizes,
/// remedy); Cancelled between two samples when `stop` is requested.
Batch read_batch(const std::vector<DatasetShare>& shares,
                 const std::vector<SampleChoice>& choices,
                 std::int64_t number,
                 const BatchOptions& options,
                 const std::stop_token& stop = {});

}  // namespace onestep
