#include "onestep/base/memory/memory_limit.h"

#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>

namespace onestep {
namespace {

namespace fs = std::filesystem;

/// The number in a group's file; `most` for "max", another word or no file.
std::int64_t number_in(const fs::path& path, std::int64_t most) {
  std::ifstream file(path);
  std::int64_t bytes = 0;
  return file >> bytes && bytes > 0 ? std::min(bytes, most) : most;
}

/// Along the way from `group` up to `root`.
std::int64_t least_above(const fs::path& root,
                         const fs::path& group,
                         const char* name,
                         std::int64_t most) {
  std::int64_t least = number_in(root / name, most);
  fs::path folder = root;
  for (const fs::path& part : group.relative_path()) {
    folder /= part;
    least = std::min(least, number_in(folder / name, most));
  }
  return least;
}

std::string content_of(const char* path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace

std::int64_t control_group_limit(std::string_view groups, const fs::path& root, std::int64_t most) {
  std::int64_t least = most;
  std::istringstream lines{std::string(groups)};
  // "0::/user.slice" is version 2, "9:memory:/docker/3f" one of version 1's hierarchies.
  for (std::string line; std::getline(lines, line);) {
    const std::size_t first = line.find(':');
    const std::size_t second = line.find(':', first + 1);
    if (first == std::string::npos || second == std::string::npos) continue;
    const std::string controllers = line.substr(first + 1, second - first - 1);
    const fs::path group = line.substr(second + 1);
    if (controllers.empty()) least = least_above(root, group, "memory.max", least);
    if (controllers == "memory") {
      least = least_above(root / "memory", group, "memory.limit_in_bytes", least);
    }
  }
  return least;
}

std::int64_t memory_limit() {
  const std::int64_t machine = std::int64_t{sysconf(_SC_PHYS_PAGES)} * sysconf(_SC_PAGESIZE);
  return control_group_limit(content_of("/proc/self/cgroup"), "/sys/fs/cgroup", machine);
}

}  // namespace onestep
