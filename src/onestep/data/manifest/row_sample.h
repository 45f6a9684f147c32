#pragma once

#include "onestep/data/dataset.h"
#include "onestep/data/manifest.h"
#include "onestep/data/manifest/manifest_rows.h"

#include <optional>

namespace onestep {

/// Whether a row's depth and normals are read when `truth` is wanted.
bool reads_depth(const ManifestRow& row, Truth truth);
bool reads_normals(const ManifestRow& row, Truth truth);

/// The files of a row as a sample, resized where `size` says so: the picture bilinear and
/// antialiased, depth and mask nearest, normals bilinear and made unit again (unknown ones stay
/// unknown). Throws Error (file, expected, found).
Sample row_sample(const ManifestRow& row, Truth truth, const std::optional<PictureSize>& size);

/// False when a mask file hides every pixel.
bool mask_shows_something(const ManifestRow& row);

}  // namespace onestep
