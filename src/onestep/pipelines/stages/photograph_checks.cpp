#include "onestep/pipelines/stages/photograph_checks.h"

#include "onestep/base/check.h"
#include "onestep/base/memory/memory_limit.h"
#include "onestep/models/config/model_index.h"

#include <algorithm>
#include <cstddef>
#include <iomanip>
#include <string>

namespace onestep {
namespace {

/// What arithmetic in float32 (a change of colour space, say) may add to white or take from black.
constexpr float kRounding = 1e-5F;

void check_floats(const Array& rgb) {
  const auto values = rgb.view<float>();
  // Written so that NaN is refused.
  const auto is_outside = [](float v) { return !(v >= -kRounding && v <= 1.0F + kRounding); };
  const auto found = std::find_if(values.begin(), values.end(), is_outside);
  if (found == values.end()) return;
  const std::int64_t pixel = (found - values.begin()) / 3;
  fail("pixels: the float at row ", pixel / rgb.size(1), ", column ", pixel % rgb.size(1), " is ",
       *found, "; floats must be in [0, 1]",
       *found > 1.0F ? " (divide by 255, or pass uint8)" : "");
}

bool is_large_enough(const ImageSize& size, int least) {
  return size.height >= least && size.width >= least;
}

ImageSize resized(const Array& rgb, Pipeline pipeline, int resolution) {
  return processed_sizes(pipeline, rgb.size(0), rgb.size(1), resolution, 1).resized;
}

/// The smallest processing resolution at which both sides are large enough; 0: none.
int least_resolution(const Array& rgb, Pipeline pipeline, int least) {
  const std::int64_t longer = std::max(rgb.size(0), rgb.size(1));
  const std::int64_t shorter = std::min(rgb.size(0), rgb.size(1));
  // What truncation loses (see processed_size) is a pixel at most.
  for (std::int64_t resolution = (least * longer + shorter - 1) / shorter;
       resolution <= kMostProcessingResolution; ++resolution) {
    const int candidate = static_cast<int>(resolution);
    if (is_large_enough(resized(rgb, pipeline, candidate), least)) return candidate;
  }
  return 0;
}

/// Only what helps.
std::string remedy(const Array& rgb, const ResolvedOptions& options, int least) {
  // A strip that is enlarged further than this may be more than any memory holds.
  constexpr int kReasonable = 4096;
  const int resolution = least_resolution(rgb, options.pipeline, least);
  // At the photograph's own size, or at a resolution below the least side, no crop is large enough.
  const bool crop = options.processing_resolution >= least;
  if (resolution > 0 && resolution <= kReasonable) {
    return concatenate(crop ? "crop the image or " : "",
                       "choose a processing resolution of at least ", resolution);
  }
  if (crop) return "crop the image";
  return concatenate("crop the image and choose a processing resolution of at least ", least);
}

}  // namespace

void check_photograph(const Array& rgb) {
  const bool known = rgb.dtype() == DType::uint8 || rgb.dtype() == DType::float32;
  check(known && rgb.rank() == 3 && rgb.size(2) == 3 && rgb.elements() > 0,
        "predict takes a photograph as uint8 [H,W,3] or float32 [H,W,3], found ",
        to_string(rgb.dtype()), " ", to_string(rgb.shape()));
  if (rgb.dtype() == DType::float32) check_floats(rgb);
}

void check_size(const Array& rgb, const ResolvedOptions& options, int factor) {
  const ImageSize size = processed_sizes(options, rgb.size(0), rgb.size(1), 1).resized;
  const int least = options.pipeline == Pipeline::e2e ? factor : 1;
  if (is_large_enough(size, least)) return;
  fail("an image of ", rgb.size(1), "x", rgb.size(0), " pixels becomes ", size.width, "x",
       size.height, " at processing resolution ", options.processing_resolution,
       "; both sides must be at least ", least, " then: ", remedy(rgb, options, least));
}

void check_memory(std::int64_t arena_bytes, const HostWork& work) {
  constexpr double kGibibyte = 1024.0 * 1024.0 * 1024.0;
  const auto there = static_cast<double>(memory_limit());
  const double needed = static_cast<double>(arena_bytes) + host_bytes(work);
  if (needed <= there) return;
  const std::int64_t members = work.batches.members;
  const std::string what =
      members > 1 ? concatenate("an ensemble of ", members, " members") : "one prediction";
  fail(what, " on ", work.size.width, "x", work.size.height, " pixels needs ", std::fixed,
       std::setprecision(1), needed / kGibibyte, " GiB, this process may use ", there / kGibibyte,
       " GiB; lower the processing resolution",
       members > 1 ? ", the ensemble's size or the batch" : "");
}

}  // namespace onestep
