#pragma once

#include "onestep/base/python_random.h"
#include "onestep/base/random.h"
#include "onestep/tensor/array.h"

#include <cstdint>
#include <vector>

namespace onestep {

// Note [Pyramid noise]
// White noise of the latent's size, to which white noises of ever smaller sizes are added,
// enlarged bilinearly and weighted by strength^i, all divided by the standard deviation. Layer i
// divides the sides of the layer before by r^i, so that they shrink ever faster, and layer 0 is a
// second one of full size. The last layer is the first with a side of 1, or the tenth. Two programs
// draw the same thing differently: the end-to-end fine-tuning code (arXiv 2409.11355) takes r from
// Python's generator and computes sizes in double, Marigold (arXiv 2312.02145) takes r from torch's
// and computes sizes in float32.

/// The sides of one layer of noise.
struct LayerSize {
  std::int64_t height = 1;
  std::int64_t width = 1;
  friend bool operator==(const LayerSize&, const LayerSize&) = default;
};

/// The size of layer i, each side max(1, int(side / ratio^i)) of the layer before (of the latent
/// for i = 0), in the arithmetic of Real: double or float.
template <typename Real>
LayerSize pyramid_layer_size(const LayerSize& before, Real ratio, int i);

/// base + sum_i strength^i enlarged(layers[i]), divided by its unbiased standard deviation over
/// everything. base [B,C,h,w], layers [B,C,h_i,w_i], float32; one strength for each of the B
/// samples (0^0 is 1: a sample of strength 0 still gets layer 0). Throws Error for other shapes and
/// for fewer than two elements.
Array merged_noise_layers(const Array& base,
                          const std::vector<Array>& layers,
                          const std::vector<double>& strengths);

/// The end-to-end form, float32 of `shape` [B,C,h,w]: ratios 2 + 2 u from Python's generator with
/// `seed`, everything else from `normals`.
Array pyramid_noise(const Shape& shape,
                    std::uint64_t seed,
                    TorchGenerator& normals,
                    double discount = 0.9);

/// Marigold's form, float32 of `shape` [B,C,h,w], one strength for each of the B samples: for each
/// layer one uniform for the ratio, then its normals, all from `generator`.
Array multi_resolution_noise(const Shape& shape,
                             const std::vector<double>& strengths,
                             TorchGenerator& generator);

/// Marigold's strength per sample, strength * t / train_timesteps, rounded to float32: pure white
/// noise towards t = 0.
std::vector<double> annealed_strengths(const std::vector<std::int64_t>& timesteps,
                                       double strength = 0.9,
                                       int train_timesteps = 1000);

}  // namespace onestep
