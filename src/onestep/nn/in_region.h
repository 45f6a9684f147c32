#pragma once

#include "onestep/backend/backend.h"

#include <cstddef>
#include <string_view>
#include <utility>

namespace onestep {

/// block(b, inputs...) as the region `name` of the network: what progress, profile and gradient
/// checkpointing know by that name. Inputs are tensors, also empty ones.
template <typename Block, typename... Inputs>
Tensor in_region(Backend& b, std::string_view name, const Block& block, const Inputs&... inputs) {
  return b.region(name, {inputs...}, [&b, &block](Backend::Inputs in) {
    return [&]<std::size_t... I>(std::index_sequence<I...>) {
      return block(b, in[I]...);
    }
    (std::index_sequence_for<Inputs...>());
  });
}

}  // namespace onestep
