#pragma once

#include <filesystem>

namespace onestep::testing {

/// Writes a loadable depth checkpoint with random float16 weights into `folder`: Stable Diffusion
/// 2's structure at a fifth of its width, 40 million parameters, 80 MB.
void write_random_checkpoint(const std::filesystem::path& folder);

/// The configurations of Stable Diffusion 2 (UNet with 8 input channels) in a folder whose weight
/// files are empty: enough to open it, not to load it.
void write_stable_diffusion_2_shapes(const std::filesystem::path& folder);

}  // namespace onestep::testing
