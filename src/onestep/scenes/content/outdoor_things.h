#pragma once

#include "onestep/scenes/content/furniture.h"

namespace onestep::scenes {

// As in furniture.h: at a spot, y away from who looks at the front.

Extent add_house(Builder& builder, const Spot& spot, const Extent& size);
Extent add_car(Builder& builder, const Spot& spot);
Extent add_tree(Builder& builder, const Spot& spot);
Extent add_street_lamp(Builder& builder, const Spot& spot);
Extent add_sign(Builder& builder, const Spot& spot);
Extent add_rock(Builder& builder, const Spot& spot);
Extent add_bush(Builder& builder, const Spot& spot);
/// Along x, from the spot to `length_m`.
void add_fence(Builder& builder, const Spot& spot, double length_m);

}  // namespace onestep::scenes
