#pragma once

#include <filesystem>
#include <string>

namespace onestep {

/// One component's weight files as found: which variant, one file or an index of shards.
struct WeightFiles {
  std::filesystem::path path;
  bool sharded = false;
};

/// The weights in `folder` that are called `base` ("diffusion_pytorch_model", "model"), in this
/// order: the asked variant ("fp16"), sharded or not; the plain ones; any variant that is there.
/// Throws Error in one line when there are none, with the remedy where only .bin files are there.
WeightFiles find_weight_files(const std::filesystem::path& folder,
                              const std::string& base,
                              const std::string& variant);

}  // namespace onestep
