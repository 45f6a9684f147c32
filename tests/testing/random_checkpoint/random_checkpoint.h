#pragma once

#include "onestep/models/autoencoder_kl.h"
#include "onestep/models/clip_text.h"
#include "onestep/models/unet.h"
#include "onestep/tensor/dtype.h"

#include <cstdint>
#include <filesystem>
#include <string>

namespace onestep::testing {

/// A checkpoint to be made up: the shapes of its networks and what its files say.
struct RandomCheckpoint {
  UNetConfig unet;
  AutoencoderKlConfig vae;
  ClipTextConfig text;
  std::string modality = "depth";  ///< "depth" or "normals"
  int processing_resolution = 768;
  DType dtype = DType::float16;  ///< of the weights: float16 or float32
  std::uint64_t seed = 0;
};

/// Stable Diffusion 2 with eight input channels, as Marigold and E2E-FT use it: UNet 866 million
/// parameters, autoencoder 84, text encoder 340; 2.6 GB in float16.
RandomCheckpoint stable_diffusion_2();

/// The same levels at a fifth of the channels: about 50 million parameters, 0.1 GB in float16.
RandomCheckpoint medium_checkpoint();

/// The same levels with a handful of channels, for tests of files and messages; 3 MB in float16.
RandomCheckpoint tiny_checkpoint();

/// Writes a diffusers folder that says it is end-to-end fine-tuned (trailing spacing, one step).
/// Every weight and bias is uniform within 1/sqrt(fan in), as torch initialises layers, which
/// keeps activations in range; norms are the identity; token embeddings lie within 0.03. The same
/// seed gives the same bytes on every machine. `root` is created; files that are there are
/// replaced. One component is in memory at a time. Throws Error for another dtype or modality, or
/// when a file cannot be written.
void write_random_checkpoint(const std::filesystem::path& root, const RandomCheckpoint& checkpoint);

}  // namespace onestep::testing
