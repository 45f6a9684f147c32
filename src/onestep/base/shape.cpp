#include "onestep/base/shape.h"

#include "onestep/base/check.h"

namespace onestep {

std::int64_t element_count(const Shape& shape) {
  constexpr std::int64_t kLimit = std::int64_t{1} << 62;
  std::int64_t count = 1;
  for (const std::int64_t size : shape) {
    // Arrays ask often: the message is made only when it is needed.
    if (size < 0) fail("shape ", to_string(shape), " has a negative size");
    if (size > 0 && count > kLimit / size) {
      fail("shape ", to_string(shape), " has too many elements");
    }
    count *= size;
  }
  return count;
}

std::string to_string(const Shape& shape) {
  std::string text = "[";
  for (std::size_t i = 0; i < shape.size(); ++i) {
    if (i > 0) text += ',';
    text += std::to_string(shape[i]);
  }
  return text + "]";
}

}  // namespace onestep
