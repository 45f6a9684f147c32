#include <cstdio>
#include <cstdlib>

#include "fuzz/entries/entries.h"

namespace onestep::fuzz {

void require(bool promise, const char* what) {
  if (promise) return;
  std::fprintf(stderr, "broken promise: %s\n", what);
  std::abort();
}

}  // namespace onestep::fuzz
