#pragma once

#include "onestep/scenes/world/builder.h"

namespace onestep::scenes {

// Things that stand at a spot, whose origin is the middle of their foot; y points away from who
// looks at their front. Sizes in metres.

/// How much floor a thing covers, and how high it is.
struct Extent {
  double width = 0;  ///< along x
  double depth = 0;  ///< along y
  double height = 0;
};

Extent add_table(Builder& builder, const Spot& spot);
Extent add_chair(Builder& builder, const Spot& spot);
Extent add_shelf(Builder& builder, const Spot& spot);
Extent add_cabinet(Builder& builder, const Spot& spot);
Extent add_sofa(Builder& builder, const Spot& spot);
Extent add_bed(Builder& builder, const Spot& spot);
Extent add_stairs(Builder& builder, const Spot& spot);
Extent add_floor_lamp(Builder& builder, const Spot& spot);
Extent add_plant(Builder& builder, const Spot& spot);
Extent add_person(Builder& builder, const Spot& spot);
/// A box, a ball, a drum, a vase, a heap of boxes or a frame of rods, about `size_m` high.
Extent add_thing(Builder& builder, const Spot& spot, double size_m);
/// Wheels, pipes and plates, like a bicycle or an engine; about `size_m` wide.
Extent add_machine(Builder& builder, const Spot& spot, double size_m);

/// Piles of small things on a surface of width x depth around the spot, none higher than `high_m`.
void add_small_things(Builder& builder, const Spot& spot, const Extent& room, int count);

}  // namespace onestep::scenes
