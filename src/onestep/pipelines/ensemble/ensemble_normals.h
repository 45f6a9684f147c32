#pragma once

#include "onestep/pipelines/ensemble/merge_watch.h"
#include "onestep/tensor/array.h"

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace onestep {

/// closest: per pixel the member nearest to the mean direction (diffusers' default);
/// mean: the mean direction;
/// angles: the one whole member nearest to the mean of the spherical angles (arXiv 2409.11355's
/// code).
enum class NormalsReduction { closest, mean, angles };

std::string_view to_string(NormalsReduction reduction);
/// Throws Error that names the nearest spelling.
NormalsReduction normals_reduction_from_string(std::string_view name);
std::span<const std::string> normals_reduction_names();

struct NormalsEnsemble {
  Array map;  ///< float32 [H,W,3]
  /// float32 [H,W] in [0,1]: the members' mean angle to the mean direction, over pi. Absent for one
  /// member and for `angles`, which has none.
  std::optional<Array> uncertainty;
  std::optional<std::size_t> member;  ///< of `angles`: the one chosen
};

/// float32 [E,H,W,3] -> one map. One member is returned as it is. Where members cancel, `mean` is
/// 0. Throws Error for another shape or dtype and for values that are not finite, Cancelled soon
/// after a request.
NormalsEnsemble ensemble_normals(const Array& members,
                                 NormalsReduction reduction,
                                 const MergeWatch& watch = {});

/// What `angles` is made of.
struct AngleSelection {
  Array mean_direction;            ///< float32 [H,W,3], of the averaged azimuths and polar angles
  std::vector<double> angle_sums;  ///< per member, over all pixels: its angle to that, in radians
  std::size_t member = 0;          ///< the first with the smallest sum
};

/// Azimuths are averaged as numbers: directions on both sides of -x average to +x. As the
/// reference, which clips cosines at +-0.999.
AngleSelection select_by_angles(const Array& members, const MergeWatch& watch = {});

}  // namespace onestep
