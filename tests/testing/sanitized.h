#pragma once

namespace onestep::testing {

// g++ defines macros, clang answers a question.
#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define ONESTEP_SANITIZED
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define ONESTEP_SANITIZED
#endif

/// True in a build that is many times slower and shadows its memory.
#ifdef ONESTEP_SANITIZED
constexpr bool kSanitized = true;
#else
constexpr bool kSanitized = false;
#endif

}  // namespace onestep::testing
