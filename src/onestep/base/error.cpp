#include "onestep/base/error.h"

#include "onestep/base/text/one_line.h"

namespace onestep {

Error::Error(const std::string& message) : std::runtime_error(one_line(message)) {}

}  // namespace onestep
