#pragma once

#include "onestep/scenes/content/things.h"

namespace onestep::scenes {

// What stands at a spot, whose origin is the middle of their foot; y points away from who
// looks at their front. Sizes in metres.

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
}  // namespace onestep::scenes
