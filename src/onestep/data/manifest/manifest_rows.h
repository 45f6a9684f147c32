#pragma once

#include "onestep/geometry/normal_frame.h"

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace onestep {

/// A line of a manifest: files with their paths resolved, empty where the line names none.
struct ManifestRow {
  std::int64_t line = 0;
  std::string image_name;  ///< as written
  std::filesystem::path image;
  std::filesystem::path depth;
  std::filesystem::path mask;
  std::filesystem::path normals;
  double depth_scale = 1;  ///< metres per unit
  NormalFrame normals_frame = NormalFrame::dsine;
};

/// What is wrong with a line, "train.jsonl:7: ...".
struct LineProblem {
  std::int64_t line = 0;
  std::string text;
};

/// The lines that could be read, and what is wrong with the others.
struct ManifestRows {
  std::vector<ManifestRow> rows;
  std::vector<LineProblem> problems;
};

/// Reads the list itself; no file that it names is looked at. Throws Error when the list cannot be
/// read.
ManifestRows read_manifest_rows(const std::filesystem::path& path);

/// "train.jsonl:7".
std::string manifest_place(const std::filesystem::path& manifest, std::int64_t line);

}  // namespace onestep
