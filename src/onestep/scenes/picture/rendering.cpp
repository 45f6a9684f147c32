#include "onestep/geometry/normal_frame.h"
#include "onestep/scenes/picture/shading.h"
#include "onestep/scenes/picture/view.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numbers>
#include <utility>
#include <vector>

namespace onestep::scenes {
namespace {

/// Samples of neighbouring pixels differ, and are averaged over blocks of this many.
constexpr std::int64_t kBlock = 4;

/// The samples of a block fill the disc evenly: their radii and angles are those of a 16x16 grid in
/// each row and column of which there is one.
std::array<LightSample, kBlock * kBlock> block_samples() {
  std::array<LightSample, kBlock * kBlock> samples;
  for (int i = 0; i < kBlock * kBlock; ++i) {
    const int reversed = (i & 1) << 3 | (i & 2) << 1 | (i & 4) >> 1 | (i & 8) >> 3;
    const double radius = std::sqrt((i + 0.5) / 16);
    const double angle = 2 * std::numbers::pi * (reversed + 0.5) / 16;
    samples[static_cast<std::size_t>(i)] = {radius * std::cos(angle), radius * std::sin(angle)};
  }
  return samples;
}

/// The pixels' centres, and what is found there.
class Canvas {
 public:
  Canvas(const World& world, const Tracer& tracer, std::int64_t height, std::int64_t width)
      : world_(world),
        tracer_(tracer),
        view_(world.camera, height, width),
        height_(height),
        width_(width),
        seen_(static_cast<std::size_t>(height * width)),
        visible_(seen_.size()) {}

  void look() {
    for (std::int64_t row = 0; row < height_; ++row) {
      for (std::int64_t column = 0; column < width_; ++column) {
        const std::size_t i = at(row, column);
        seen_[i] = seen_at(static_cast<double>(column) + 0.5, static_cast<double>(row) + 0.5);
        if (is_sky(seen_[i])) continue;
        visible_[i] = visibility(world_, tracer_, seen_[i], sample_at(row, column));
      }
    }
    visible_ = smoothed();
  }

  void write_truth(Rendering& result) const {
    const auto depth = result.depth_m.mutable_view<float>();
    const auto normals = result.normals.mutable_view<float>();
    const auto mask = result.mask.mutable_view<std::uint8_t>();
    for (std::size_t i = 0; i < seen_.size(); ++i) {
      if (!has_truth(seen_[i])) continue;
      const Vec3 normal = view_.in_camera(seen_[i].hit.normal);
      mask[i] = 1;
      depth[i] = static_cast<float>(seen_[i].hit.distance);
      normals[3 * i] = static_cast<float>(normal.x);
      normals[3 * i + 1] = static_cast<float>(normal.y);
      normals[3 * i + 2] = static_cast<float>(normal.z);
    }
    result.normals = in_frame(result.normals, NormalFrame::opencv, NormalFrame::dsine);
  }

  void write_light(Array& array) const {
    const auto light = array.mutable_view<float>();
    for (std::int64_t row = 0; row < height_; ++row) {
      for (std::int64_t column = 0; column < width_; ++column) {
        const std::size_t i = at(row, column);
        const Vec3 colour =
            is_edge(row, column) ? mean_colour(row, column) : colour_of(seen_[i], visible_[i]);
        light[3 * i] = static_cast<float>(colour.x);
        light[3 * i + 1] = static_cast<float>(colour.y);
        light[3 * i + 2] = static_cast<float>(colour.z);
      }
    }
  }

 private:
  static constexpr int kNothing = -1;
  static bool is_sky(const Seen& seen) { return seen.hit.surface == kNothing; }
  static bool has_truth(const Seen& seen) {
    return !is_sky(seen) && seen.hit.distance <= kFarthest_m;
  }

  std::size_t at(std::int64_t row, std::int64_t column) const {
    return static_cast<std::size_t>(row * width_ + column);
  }

  const LightSample& sample_at(std::int64_t row, std::int64_t column) const {
    return samples_[static_cast<std::size_t>((row % kBlock) * kBlock + column % kBlock)];
  }

  Seen seen_at(double x, double y) const {
    Seen seen = {.origin = view_.origin(), .direction = view_.ray(x, y)};
    const auto hit = tracer_.first_hit(seen.origin, seen.direction);
    seen.hit = hit.value_or(Hit{.surface = kNothing});
    return seen;
  }

  /// Of one flat or gently bent piece, so that light may be averaged over both.
  static bool belong_together(const Hit& a, const Hit& b) {
    return a.surface != kNothing && b.surface != kNothing && dot(a.normal, b.normal) > 0.9 &&
           std::abs(a.distance - b.distance) < 0.06 * std::min(a.distance, b.distance);
  }

  std::vector<Visibility> smoothed() const {
    std::vector<Visibility> result(visible_.size());
    for (std::int64_t row = 0; row < height_; ++row) {
      for (std::int64_t column = 0; column < width_; ++column) {
        if (!is_sky(seen_[at(row, column)])) result[at(row, column)] = mean_around(row, column);
      }
    }
    return result;
  }

  Visibility mean_around(std::int64_t row, std::int64_t column) const {
    const Hit& own = seen_[at(row, column)].hit;
    Visibility sum = {};
    float count = 0;
    const std::int64_t last_row = std::min(row + kBlock / 2, height_);
    const std::int64_t last_column = std::min(column + kBlock / 2, width_);
    for (std::int64_t r = std::max(row - kBlock / 2, std::int64_t{0}); r < last_row; ++r) {
      for (std::int64_t c = std::max(column - kBlock / 2, std::int64_t{0}); c < last_column; ++c) {
        if (!belong_together(own, seen_[at(r, c)].hit)) continue;
        count += 1;
        for (std::size_t k = 0; k < sum.size(); ++k) sum[k] += visible_[at(r, c)][k];
      }
    }
    for (float& value : sum) value /= count;  // the pixel itself is one of them
    return sum;
  }

  bool is_edge(std::int64_t row, std::int64_t column) const {
    const Hit& own = seen_[at(row, column)].hit;
    const auto differs = [&](std::int64_t r, std::int64_t c) {
      if (r < 0 || c < 0 || r >= height_ || c >= width_) return false;
      const Hit& other = seen_[at(r, c)].hit;
      return own.surface != other.surface ||
             (own.surface != kNothing && dot(own.normal, other.normal) < 0.8);
    };
    return differs(row - 1, column) || differs(row + 1, column) || differs(row, column - 1) ||
           differs(row, column + 1);
  }

  /// Of four rays through the pixel; each takes the light of the neighbour that it resembles most.
  Vec3 mean_colour(std::int64_t row, std::int64_t column) const {
    Vec3 sum;
    for (const auto& [dx, dy] : {std::pair{0.125, 0.375}, std::pair{0.625, 0.125},
                                 std::pair{0.875, 0.625}, std::pair{0.375, 0.875}}) {
      const Seen seen = seen_at(static_cast<double>(column) + dx, static_cast<double>(row) + dy);
      sum = sum + colour_of(seen, borrowed_light(row, column, seen.hit));
    }
    return sum * 0.25;
  }

  Visibility borrowed_light(std::int64_t row, std::int64_t column, const Hit& hit) const {
    if (hit.surface == kNothing) return {};
    std::size_t best = at(row, column);
    double least = std::numeric_limits<double>::infinity();
    const std::int64_t last_row = std::min(row + 2, height_);
    const std::int64_t last_column = std::min(column + 2, width_);
    for (std::int64_t r = std::max(row - 1, std::int64_t{0}); r < last_row; ++r) {
      for (std::int64_t c = std::max(column - 1, std::int64_t{0}); c < last_column; ++c) {
        const Hit& other = seen_[at(r, c)].hit;
        if (other.surface == kNothing) continue;
        const double difference = (other.surface == hit.surface ? 0 : 0.5) + 1 -
                                  dot(other.normal, hit.normal) +
                                  std::abs(other.distance - hit.distance) / hit.distance;
        if (difference >= least) continue;
        least = difference;
        best = at(r, c);
      }
    }
    return visible_[best];
  }

  Vec3 colour_of(const Seen& seen, const Visibility& visible) const {
    if (is_sky(seen)) return sky_colour(world_.sky, seen.direction);
    return shaded(world_, tracer_, seen, visible, 1 / view_.focal_px());
  }

  const World& world_;
  const Tracer& tracer_;
  View view_;
  std::int64_t height_;
  std::int64_t width_;
  std::vector<Seen> seen_;
  std::vector<Visibility> visible_;
  std::array<LightSample, kBlock* kBlock> samples_ = block_samples();
};

}  // namespace

Rendering rendering(const World& world,
                    const Tracer& tracer,
                    std::int64_t height,
                    std::int64_t width) {
  Rendering result = {.depth_m = Array(DType::float32, {height, width}),
                      .normals = Array(DType::float32, {height, width, 3}),
                      .mask = Array(DType::uint8, {height, width}),
                      .light = Array(DType::float32, {height, width, 3})};
  Canvas canvas(world, tracer, height, width);
  canvas.look();
  canvas.write_truth(result);
  canvas.write_light(result.light);
  return result;
}

}  // namespace onestep::scenes
