#pragma once

#include "onestep/scenes/world/builder.h"

namespace onestep::scenes {

/// How much floor a thing covers, and how high it is.
struct Extent {
  double width = 0;  ///< along x
  double depth = 0;  ///< along y
  double height = 0;
};

/// A box, a ball, a drum, a vase, a heap of boxes or a frame of rods, about `size_m` high.
Extent add_thing(Builder& builder, const Spot& spot, double size_m);
/// Wheels, pipes and plates, like a bicycle or an engine; about `size_m` wide.
Extent add_machine(Builder& builder, const Spot& spot, double size_m);

/// Piles of small things on a surface of width x depth around the spot, none higher than `high_m`.
void add_small_things(Builder& builder, const Spot& spot, const Extent& room, int count);

}  // namespace onestep::scenes
