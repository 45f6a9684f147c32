#include "onestep/base/check.h"
#include "onestep/base/nearest_name.h"
#include "onestep/output/output_files.h"

#include <array>

namespace onestep {
namespace {

// In the order of the enumeration.
const std::array<std::string, 6> kNames = {"npy", "png16", "color", "pfm", "exr", "json"};

}  // namespace

std::string_view to_string(OutputFormat format) {
  return kNames.at(static_cast<std::size_t>(format));
}

std::span<const std::string> output_format_names() {
  return kNames;
}

OutputFormat output_format_from_string(std::string_view name) {
  for (std::size_t i = 0; i < kNames.size(); ++i) {
    if (kNames[i] == name) return static_cast<OutputFormat>(i);
  }
  fail("unknown output format \"", name, "\"; there are npy, png16, color, pfm, exr and json",
       did_you_mean(name, kNames));
}

}  // namespace onestep
