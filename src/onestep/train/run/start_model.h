#pragma once

#include "onestep/models/diffusers_folder.h"
#include "onestep/train/model/scratch_model.h"
#include "onestep/train/objectives/objective.h"
#include "onestep/train/recipe/recipe.h"

#include <filesystem>
#include <memory>
#include <stop_token>
#include <string>

namespace onestep {

/// The folder that a recipe begins with: a path, a repository of the local Hugging Face cache, or,
/// for "scratch", `scratch_folder`, which is written anew unless a run goes on from it (`resumed`)
/// and it is there. Throws Error.
DiffusersFolder start_model(const Recipe& recipe,
                            const std::filesystem::path& scratch_folder,
                            bool resumed);

/// The recipe's model for "scratch". Throws Error for a folder of parts that is not there.
ScratchModel scratch_model(const Recipe& recipe);

/// How the run codes depth: as the recipe says or, where it is silent, as `start` does. Throws
/// Error when both say something and it is not the same.
DepthTargetOptions trained_depth_target(const Recipe& recipe, const DiffusersFolder& start);

/// What the recipe trains, on a device ("cpu", "cuda"). `longest_side` of the pictures becomes the
/// processing resolution of a model from scratch that has none.
std::unique_ptr<Objective> make_objective(const Recipe& recipe,
                                          const DiffusersFolder& start,
                                          const std::string& device,
                                          std::int64_t longest_side,
                                          const std::stop_token& stop);

}  // namespace onestep
