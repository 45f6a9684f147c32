#include "fuzz/entries/entries.h"

// ONESTEP_ENTRY names the function that this program calls.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  onestep::fuzz::ONESTEP_ENTRY({data, size});
  return 0;
}
