#pragma once

#include <cstdint>

namespace onestep {

/// The most memory that this process ever had resident, mapped pages of files included, in bytes:
/// VmHWM of Linux. 0 where the system does not say.
std::int64_t peak_memory_bytes();

}  // namespace onestep
