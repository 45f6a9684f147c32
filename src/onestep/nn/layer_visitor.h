#pragma once

#include "onestep/backend/layer.h"

#include <cstddef>
#include <string>

namespace onestep {

/// Walks the layers of a network under their checkpoint keys ("down_blocks.0.resnets.1.conv1").
/// Every block and network has `void visit(LayerVisitor&, const std::string& prefix)`: one list of
/// its layers, used for loading, preparing, counting and training. The order is that in which the
/// reference constructs the layers, so that a seeded initialisation draws the same numbers.
class LayerVisitor {
 public:
  virtual ~LayerVisitor() = default;
  virtual void operator()(const std::string& key, Conv& conv) = 0;
  virtual void operator()(const std::string& key, Linear& linear) = 0;
  virtual void operator()(const std::string& key, GroupNorm& norm) = 0;
  virtual void operator()(const std::string& key, LayerNorm& norm) = 0;
  virtual void operator()(const std::string& key, Embedding& embedding) = 0;
};

/// "a.b", or "b" when the prefix is empty.
std::string join_key(const std::string& prefix, const std::string& name);

/// "a.b.3": the key of an element of a list.
std::string join_key(const std::string& prefix, const std::string& name, std::size_t index);

}  // namespace onestep
