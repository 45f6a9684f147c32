#pragma once

#include <filesystem>

namespace onestep {

/// True for a picture that an earlier run wrote, as far as names tell: it ends as our pictures do
/// (_depth.png, _depth_color.png, _normals.png, _uncertainty.png), and another file that a run
/// writes with it lies beside it. A photograph that merely has such a name lies alone.
bool is_earlier_result(const std::filesystem::path& picture);

}  // namespace onestep
