#pragma once

#include <cstdint>
#include <filesystem>
#include <string_view>

namespace onestep {

/// Bytes of memory that this process may use: the machine's, or less where a control group (a
/// container, a systemd unit) holds it to less.
std::int64_t memory_limit();

/// The least limit of a control group and all above it; `most` where none is set. `groups` is what
/// /proc/self/cgroup holds, `root` where the system mounts the groups' files; versions 1 and 2.
std::int64_t control_group_limit(std::string_view groups,
                                 const std::filesystem::path& root,
                                 std::int64_t most);

}  // namespace onestep
