#pragma once

#include <string>
#include <vector>

namespace onestep {

/// The words after the program's name, or after the command's.
using Arguments = std::vector<std::string>;

/// Runs the command that `arguments` begin with. False when something failed that was already
/// reported (one image of many); throws UsageError, Error or Interrupted otherwise.
bool run_command(const Arguments& arguments);

/// `onestep predict`: photographs to depth or normals.
bool run_predict(const Arguments& arguments);

/// `onestep train`: a recipe to a trained checkpoint; one of the parts of cli/torch/torch_parts.h.
bool run_train(const Arguments& arguments);

/// `onestep scenes`: pictures of the program's own world, with their truth.
bool run_scenes(const Arguments& arguments);

/// `onestep inspect`: what a checkpoint folder holds and what one photograph costs.
bool run_inspect(const Arguments& arguments);

}  // namespace onestep
