#include "onestep/nn/layer_visitor.h"

namespace onestep {

std::string join_key(const std::string& prefix, const std::string& name) {
  return prefix.empty() ? name : prefix + "." + name;
}

std::string join_key(const std::string& prefix, const std::string& name, std::size_t index) {
  return join_key(prefix, name) + "." + std::to_string(index);
}

}  // namespace onestep
