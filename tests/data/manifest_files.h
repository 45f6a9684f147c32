#pragma once

#include "onestep/data/manifest.h"
#include "onestep/io/numpy/npy.h"
#include "onestep/io/png.h"
#include "onestep/tensor/array.h"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "io/scratch.h"

namespace onestep {

/// A folder with pictures and maps of 4x3 pixels, for manifests that a test writes.
class ManifestFiles {
 public:
  static constexpr std::int64_t kHeight = 3;
  static constexpr std::int64_t kWidth = 4;

  ManifestFiles() {
    for (const std::string name : {"a", "b"}) {
      Array image(DType::uint8, {kHeight, kWidth, 3});
      std::uint8_t value = name == "a" ? 0 : 100;
      for (std::uint8_t& code : image.mutable_view<std::uint8_t>()) code = value++;
      write_png(scratch / (name + ".png"), image);
    }
    write_npy(scratch / "depth.npy", ramp());
  }

  /// 1, 2, ..., 12.
  static Array ramp() {
    Array map(DType::float32, {kHeight, kWidth});
    float value = 0;
    for (float& element : map.mutable_view<float>()) element = ++value;
    return map;
  }

  std::filesystem::path list(const std::string& text,
                             const std::string& name = "train.jsonl") const {
    return scratch.file(name, text);
  }
  OpenedManifest open(const std::string& text, const ManifestOptions& options = {}) const {
    return open_manifest(list(text), options);
  }
  /// The first line's sample.
  Sample sample(const std::string& line, const ManifestOptions& options = {}) const {
    return open(line, options).dataset->read(0);
  }
  std::vector<std::string> problems(const std::string& text,
                                    const ManifestOptions& options = {},
                                    const std::string& name = "train.jsonl") const {
    try {
      open_manifest(list(text, name), options);
    } catch (const ManifestProblems& error) {
      return error.problems();
    }
    return {};
  }

  const Scratch scratch;
};

}  // namespace onestep
