#pragma once

#include "onestep/backend/torch/torch_backend.h"
#include "onestep/train/plan/planned_model.h"
#include "onestep/train/recipe/recipe.h"

#include <cstdint>

namespace onestep {

/// What a micro-batch looks like.
struct PlannedBatch {
  std::int64_t height = 0;
  std::int64_t width = 0;
  /// autoencoder: pictures that a sample makes (itself, its depth, its normals).
  std::int64_t pictures = 1;
};

/// Bytes that the networks and a step's tensors take.
struct StepMemory {
  std::int64_t weights = 0;    ///< of the networks that stay
  std::int64_t gradients = 0;  ///< of the trained one
  std::int64_t moments = 0;    ///< and the average, where one is kept
  std::int64_t latent = 0;     ///< of one image
  std::int64_t peak = 0;       ///< of everything together
};

/// Takes a step of the recipe on shapes; see Note [Rehearsal on shapes]. `model` is used up.
StepMemory rehearsed_step(PlannedModel model,
                          const Recipe& recipe,
                          const TorchOptions& torch,
                          const PlannedBatch& batch);

}  // namespace onestep
