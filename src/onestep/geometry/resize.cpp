#include "onestep/geometry/resize.h"

#include "onestep/base/check.h"
#include "onestep/base/nearest_name.h"
#include "onestep/geometry/resize_taps.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

namespace onestep {
namespace {

const std::array<std::string, 5> kResampleNames = {"bilinear", "bicubic", "nearest",
                                                   "nearest-exact", "area"};

struct ImageSize {
  std::int64_t height;
  std::int64_t width;
  std::int64_t channels;
};

ImageSize size_of_image(const Array& image, std::int64_t height, std::int64_t width) {
  check(image.rank() == 2 || image.rank() == 3, "resize: an image is [H,W] or [H,W,C], found ",
        to_string(image.shape()));
  const ImageSize size = {image.size(0), image.size(1), image.rank() == 3 ? image.size(2) : 1};
  check(size.height > 0 && size.width > 0, "resize: the image is empty, ",
        to_string(image.shape()));
  check(height > 0 && width > 0, "resize: the new size must be at least 1x1, found ", width, "x",
        height);
  return size;
}

Shape resized_shape(const Array& image, std::int64_t height, std::int64_t width) {
  Shape shape = image.shape();
  shape[0] = height;
  shape[1] = width;
  return shape;
}

// Note [Fused sums]
// torch's loops are compiled to fused multiply-adds, and where a sum lies on a half of a level, its
// last bit decides which 8-bit value comes out: enlarging by 8/7, say, whose weights are short
// binary fractions. In double the product of two floats is exact, so that rounding the sum to float
// is what a fused operation does, on every processor.
float fused_sum(float weight, float sample, float sum) {
  return static_cast<float>(static_cast<double>(weight) * static_cast<double>(sample) +
                            static_cast<double>(sum));
}

/// One row [W,C] -> [output,C]. A compile-time number of channels keeps the sums in registers.
template <std::int64_t kChannels>
void resize_row(const float* source, const ResizeTaps& taps, float* target) {
  for (std::int64_t x = 0; x < taps.output_size(); ++x) {
    const float* sample = source + taps.first(x) * kChannels;
    std::array<float, kChannels> sums{};
    for (const float weight : taps.weights(x)) {
      for (std::size_t c = 0; c < kChannels; ++c) sums[c] = fused_sum(weight, sample[c], sums[c]);
      sample += kChannels;
    }
    target = std::copy(sums.begin(), sums.end(), target);
  }
}

void resize_row(const float* source, std::int64_t channels, const ResizeTaps& taps, float* target) {
  if (channels == 1) return resize_row<1>(source, taps, target);
  if (channels == 3) return resize_row<3>(source, taps, target);
  for (std::int64_t x = 0; x < taps.output_size(); ++x) {
    const float* sample = source + taps.first(x) * channels;
    std::fill_n(target, channels, 0.0F);
    for (const float weight : taps.weights(x)) {
      for (std::int64_t c = 0; c < channels; ++c) {
        target[c] = fused_sum(weight, sample[c], target[c]);
      }
      sample += channels;
    }
    target += channels;
  }
}

/// The rows of an image after the resize along x, each computed once, when it is first asked for,
/// and kept while a window of `kept` rows covers it: windows only move down.
template <typename T>
class ResizedRows {
 public:
  ResizedRows(std::span<const T> image,
              const ImageSize& size,
              const ResizeTaps& taps,
              std::int64_t kept)
      : image_(image),
        size_(size),
        taps_(taps),
        kept_(kept),
        length_(taps.output_size() * size.channels),
        rows_(static_cast<std::size_t>(kept * length_)),
        source_(static_cast<std::size_t>(size.width * size.channels)) {}

  const float* row(std::int64_t y) {
    for (; next_ <= y; ++next_) {
      if (next_ > y - kept_) compute(next_);
    }
    return rows_.data() + (y % kept_) * length_;
  }

 private:
  void compute(std::int64_t y) {
    const auto source =
        image_.subspan(static_cast<std::size_t>(y) * source_.size(), source_.size());
    std::copy(source.begin(), source.end(), source_.begin());
    resize_row(source_.data(), size_.channels, taps_, rows_.data() + (y % kept_) * length_);
  }

  std::span<const T> image_;
  ImageSize size_;
  const ResizeTaps& taps_;
  std::int64_t kept_;
  std::int64_t length_;
  std::int64_t next_ = 0;
  std::vector<float> rows_;
  std::vector<float> source_;  // one input row as float
};

/// Resizes along x, then along y, as torch does, and hands over each finished row [W*C].
template <typename T, typename Store>
void resize_rows(std::span<const T> image,
                 const ImageSize& size,
                 const ResizeTaps& horizontal,
                 const ResizeTaps& vertical,
                 const Store& store) {
  ResizedRows<T> rows(image, size, horizontal, vertical.longest());
  std::vector<float> sums(static_cast<std::size_t>(horizontal.output_size() * size.channels));
  for (std::int64_t y = 0; y < vertical.output_size(); ++y) {
    std::fill(sums.begin(), sums.end(), 0.0F);
    std::int64_t source_y = vertical.first(y);
    for (const float weight : vertical.weights(y)) {
      const float* row = rows.row(source_y++);
      for (std::size_t i = 0; i < sums.size(); ++i) sums[i] = fused_sum(weight, row[i], sums[i]);
    }
    store(y, sums);
  }
}

}  // namespace

std::string_view to_string(Resample resample) {
  return kResampleNames.at(static_cast<std::size_t>(resample));
}

Resample resample_from_string(std::string_view name) {
  const auto found = std::find(kResampleNames.begin(), kResampleNames.end(), name);
  check(found != kResampleNames.end(), "resample \"", name, "\" is not known",
        did_you_mean(name, kResampleNames));
  return static_cast<Resample>(found - kResampleNames.begin());
}

std::span<const std::string> resample_names() {
  return kResampleNames;
}

Array resize(const Array& image,
             std::int64_t height,
             std::int64_t width,
             Resample resample,
             bool antialias) {
  const ImageSize size = size_of_image(image, height, width);
  const ResizeTaps horizontal(size.width, width, resample, antialias);
  const ResizeTaps vertical(size.height, height, resample, antialias);
  Array result(DType::float32, resized_shape(image, height, width));
  float* const target = result.mutable_view<float>().data();
  resize_rows(image.view<float>(), size, horizontal, vertical,
              [&](std::int64_t y, const std::vector<float>& row) {
                std::copy(row.begin(), row.end(), target + y * width * size.channels);
              });
  return result;
}

Array resize_u8(const Array& image, std::int64_t height, std::int64_t width, Resample resample) {
  const ImageSize size = size_of_image(image, height, width);
  const auto source = image.view<std::uint8_t>();
  if (size.height == height && size.width == width) return image;
  if (resample == Resample::nearest) resample = Resample::nearest_exact;
  const ResizeTaps horizontal(size.width, width, resample, true);
  const ResizeTaps vertical(size.height, height, resample, true);
  Array result(DType::uint8, resized_shape(image, height, width));
  std::uint8_t* const target = result.mutable_view<std::uint8_t>().data();
  resize_rows(
      source, size, horizontal, vertical, [&](std::int64_t y, const std::vector<float>& row) {
        std::transform(row.begin(), row.end(), target + y * width * size.channels, [](float value) {
          const float clamped = std::clamp(value, 0.0F, 255.0F);
          return static_cast<std::uint8_t>(std::nearbyint(clamped));
        });
      });
  return result;
}

}  // namespace onestep
