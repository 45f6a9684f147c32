#pragma once

#include "onestep/models/autoencoder_kl.h"
#include "onestep/models/clip_text.h"
#include "onestep/models/unet.h"
#include "onestep/train/objectives/single_step.h"
#include "onestep/train/recipe/recipe.h"

namespace onestep {

/// The networks that a recipe loads, by their shapes.
struct PlannedModel {
  UNet unet;  ///< as wide as it is trained
  AutoencoderKl vae;
  ClipText text;
  SingleStepSchedule schedule;
};

/// Of a folder the configurations and the headers of the weights are read, of a model from scratch
/// the recipe alone; nothing is written. Throws Error for a model that training refuses.
PlannedModel planned_model(const Recipe& recipe);

}  // namespace onestep
