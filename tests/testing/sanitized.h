#pragma once

namespace onestep::testing {

/// Built with a sanitizer: several times slower, and its own memory counts as the program's.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr bool kSanitized = true;
#else
inline constexpr bool kSanitized = false;
#endif

}  // namespace onestep::testing
