// What stands for io/float_images/exr.cpp in a program that was built without OpenEXR.
#include "onestep/base/check.h"
#include "onestep/io/float_images/exr.h"

namespace onestep {

bool exr_available() {
  return false;
}

void require_exr() {
  fail("EXR was not built in; install libopenexr-dev and build again");
}

Array decode_exr(std::span<const std::byte>, const std::string& name, const ImageLimits&) {
  fail(name, ": EXR was not built in; install libopenexr-dev and build again");
}

Array read_exr(const std::filesystem::path& path, const ImageLimits& limits) {
  return decode_exr({}, path.string(), limits);
}

PictureHeader read_exr_header(const std::filesystem::path& path, const ImageLimits& limits) {
  decode_exr({}, path.string(), limits);
  return {};
}

void write_exr(const std::filesystem::path& path,
               const Array&,
               const std::string&,
               const std::stop_token&) {
  decode_exr({}, path.string(), {});
}

}  // namespace onestep
