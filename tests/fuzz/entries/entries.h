#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace onestep::fuzz {

/// What the fuzzers call with bytes from strangers, and the test suite with seeds/ and with what
/// fuzzers found. Each returns, whether the bytes were accepted or refused by an Error; anything
/// else (another exception, a promise that is broken) ends the program.
using Bytes = std::span<const std::uint8_t>;

/// The header of a safetensors file: ranges of accepted tensors lie inside the file.
void enter_safetensors(Bytes bytes);

/// The index of sharded weights: accepted shards are plain file names.
void enter_index(Bytes bytes);

/// A JSON text as each of the configuration files in turn; networks are declared from what is
/// accepted, schedulers made.
void enter_config(Bytes bytes);

/// A PNG or JPEG: an accepted picture has the pixels that its shape promises.
void enter_image(Bytes bytes);

/// A PNG or JPEG on its whole way: decoded, resized, made the network's input in [-1,1].
void enter_photograph(Bytes bytes);

void enter_npy(Bytes bytes);
/// An array called depth, or the only one.
void enter_npz(Bytes bytes);

/// A map of floats: an accepted one has the values that its shape promises, one or three a pixel.
void enter_pfm(Bytes bytes);
/// The same; in a build without OpenEXR every file is refused.
void enter_exr(Bytes bytes);

struct Entry {
  std::string_view name;
  std::string_view seeds;  ///< its folder in seeds/
  void (*enter)(Bytes bytes);
};

constexpr Entry kEntries[] = {
    {"safetensors", "safetensors", enter_safetensors},
    {"index", "index", enter_index},
    {"config", "config", enter_config},
    {"image", "image", enter_image},
    {"photograph", "image", enter_photograph},
    {"npy", "npy", enter_npy},
    {"npz", "npz", enter_npz},
    {"pfm", "pfm", enter_pfm},
    {"exr", "exr", enter_exr},
};

/// Ends the program unless `promise` holds, also in release builds.
void require(bool promise, const char* what);

}  // namespace onestep::fuzz
