#include "onestep/data/manifest/row_sample.h"

#include "onestep/base/check.h"
#include "onestep/data/manifest/map_file.h"
#include "onestep/geometry/resize.h"
#include "onestep/io/image.h"

#include <algorithm>
#include <cmath>
#include <cstddef>

namespace onestep {
namespace {

void check_same_size(const Array& map, const Array& image, const std::filesystem::path& path) {
  check(map.size(0) == image.size(0) && map.size(1) == image.size(1), path.string(), ": has ",
        map.size(1), "x", map.size(0), " pixels, the picture ", image.size(1), "x", image.size(0));
}

/// uint8 [H,W]: 1 where a mask's value, one of them where it has three, is not 0.
Array as_mask(const Array& stored) {
  Array mask(DType::uint8, {stored.size(0), stored.size(1)});
  const auto target = mask.mutable_view<std::uint8_t>();
  const Array wide = stored.to(DType::float64);
  const auto values = wide.view<double>();
  const std::size_t channels = values.size() / target.size();
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (values[i] != 0) target[i / channels] = 1;
  }
  return mask;
}

/// Metres, 0 where they are not finite or not above 0.
Array as_depth(const Array& stored, double scale) {
  Array depth(DType::float32, stored.shape());
  const Array wide = stored.to(DType::float64);
  const auto values = wide.view<double>();
  const auto target = depth.mutable_view<float>();
  for (std::size_t i = 0; i < values.size(); ++i) {
    const auto metres = static_cast<float>(values[i] * scale);
    target[i] = std::isfinite(metres) && metres > 0 ? metres : 0.0F;
  }
  return depth;
}

/// 2v/max - 1, zero where that is no direction: the codes of a unit vector are at least half as
/// long, also after averaging; black, and the middle grey that some programs write for "nothing",
/// are not.
Array decoded_normals(const Array& png) {
  constexpr double kShortest = 0.5;
  const double largest = png.dtype() == DType::uint16 ? 65535 : 255;
  const Array wide = png.to(DType::float64);
  const auto codes = wide.view<double>();
  Array normals(DType::float32, png.shape());
  const auto target = normals.mutable_view<float>();
  for (std::size_t i = 0; i < codes.size(); i += 3) {
    const bool black = codes[i] == 0 && codes[i + 1] == 0 && codes[i + 2] == 0;
    double square = 0;
    for (std::size_t k = i; k < i + 3; ++k) square += std::pow(2 * codes[k] / largest - 1, 2);
    if (black || std::sqrt(square) < kShortest) continue;
    for (std::size_t k = i; k < i + 3; ++k) {
      target[k] = static_cast<float>(2 * codes[k] / largest - 1);
    }
  }
  return normals;
}

Array as_normals(const Array& stored, NormalFrame frame) {
  const Array vectors =
      is_floating(stored.dtype()) ? stored.to(DType::float32) : decoded_normals(stored);
  return in_frame(unit_normals(vectors), frame, NormalFrame::dsine);
}

/// uint8 [H,W]: 1 where a vector [H,W,3] is not zero.
Array known_vectors(const Array& normals) {
  Array known(DType::uint8, {normals.size(0), normals.size(1)});
  const auto values = normals.view<float>();
  const auto target = known.mutable_view<std::uint8_t>();
  for (std::size_t i = 0; i < target.size(); ++i) {
    const bool zero = values[3 * i] == 0 && values[3 * i + 1] == 0 && values[3 * i + 2] == 0;
    target[i] = zero ? 0 : 1;
  }
  return known;
}

Array resized_normals(const Array& normals, const PictureSize& size) {
  const Array known = resize_u8(known_vectors(normals), size.height, size.width, Resample::nearest);
  // Unknown vectors are zero: they shorten the average and do not turn it.
  Array result = unit_normals(resize(normals, size.height, size.width, Resample::bilinear, true));
  const auto kept = known.view<std::uint8_t>();
  const auto values = result.mutable_view<float>();
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (kept[i / 3] == 0) values[i] = 0;
  }
  return result;
}

void resize_sample(Sample& sample, const PictureSize& size) {
  const auto [height, width] = size;
  if (sample.image.size(0) == height && sample.image.size(1) == width) return;
  sample.image = resize_u8(sample.image, height, width, Resample::bilinear);
  sample.mask = resize_u8(sample.mask, height, width, Resample::nearest);
  if (sample.depth_m.elements() > 0) {
    sample.depth_m = resize(sample.depth_m, height, width, Resample::nearest_exact, false);
  }
  if (sample.normals.elements() > 0) sample.normals = resized_normals(sample.normals, size);
}

/// Clears the mask where a truth that is there is unknown.
void hide_unknown(Sample& sample) {
  const auto mask = sample.mask.mutable_view<std::uint8_t>();
  const auto depth = sample.depth_m.view<float>();
  for (std::size_t i = 0; i < depth.size(); ++i) {
    if (depth[i] == 0) mask[i] = 0;
  }
  if (sample.normals.elements() == 0) return;
  const Array known = known_vectors(sample.normals);
  for (std::size_t i = 0; i < mask.size(); ++i) mask[i] &= known.view<std::uint8_t>()[i];
}

}  // namespace

bool reads_depth(const ManifestRow& row, Truth truth) {
  return truth != Truth::normals && !row.depth.empty();
}

bool reads_normals(const ManifestRow& row, Truth truth) {
  return truth != Truth::depth && !row.normals.empty();
}

Sample row_sample(const ManifestRow& row, Truth truth, const std::optional<PictureSize>& size) {
  Sample sample;
  sample.image = read_image(row.image);
  const auto map = [&](const std::filesystem::path& path, MapMeaning meaning) {
    Array stored = read_map(path, meaning);
    check_same_size(stored, sample.image, path);
    return stored;
  };
  sample.mask = Array(DType::uint8, {sample.image.size(0), sample.image.size(1)});
  if (row.mask.empty()) {
    std::ranges::fill(sample.mask.mutable_view<std::uint8_t>(), std::uint8_t{1});
  } else {
    sample.mask = as_mask(map(row.mask, MapMeaning::mask));
  }
  if (reads_depth(row, truth)) {
    sample.depth_m = as_depth(map(row.depth, MapMeaning::depth), row.depth_scale);
  }
  if (reads_normals(row, truth)) {
    sample.normals = as_normals(map(row.normals, MapMeaning::normals), row.normals_frame);
  }
  if (size) resize_sample(sample, *size);
  hide_unknown(sample);
  return sample;
}

bool mask_shows_something(const ManifestRow& row) {
  if (row.mask.empty()) return true;
  const Array mask = as_mask(read_map(row.mask, MapMeaning::mask));
  return std::ranges::any_of(mask.view<std::uint8_t>(), [](std::uint8_t m) { return m != 0; });
}

}  // namespace onestep
