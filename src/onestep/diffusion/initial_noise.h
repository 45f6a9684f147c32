#pragma once

#include "onestep/tensor/array.h"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace onestep {

/// What the second latent starts from.
enum class NoiseKind { zeros, gaussian, pyramid };

std::string_view to_string(NoiseKind kind);
/// Throws Error that names the nearest spelling.
NoiseKind noise_kind_from_string(std::string_view name);
std::span<const std::string> noise_kind_names();

/// float32 [N,C,h,w]: zeros, one draw of torch's generator with this seed over the whole array, or
/// the end-to-end form of note [Pyramid noise] with this seed.
Array initial_noise(NoiseKind kind, std::uint64_t seed, const Shape& shape);

}  // namespace onestep
