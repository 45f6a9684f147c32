#pragma once

#include "onestep/scenes/draws.h"
#include "onestep/scenes/world/material.h"

namespace onestep::scenes {

/// A colour, mostly of low saturation; its brightest channel in [low, high], linear.
Vec3 any_colour(Draws& draws, double low = 0.05, double high = 0.9);
/// Nearly grey.
Vec3 greyish(Draws& draws, double low, double high);

// Materials as they are drawn for surfaces of some use; now and then each is something else, so
// that a pattern does not tell what it is on.
Material wall_material(Draws& draws);
Material floor_material(Draws& draws);
Material ceiling_material(Draws& draws);
Material wood_material(Draws& draws);
Material cloth_material(Draws& draws);
Material metal_material(Draws& draws);
Material painted_material(Draws& draws);
Material picture_material(Draws& draws);
Material facade_material(Draws& draws);
Material road_material(Draws& draws);
Material ground_material(Draws& draws);
Material leaf_material(Draws& draws);
Material stone_material(Draws& draws);
Material glass_material(Draws& draws);
Material lamp_material(Draws& draws);
/// Of a thing that may be made of anything.
Material any_material(Draws& draws);

}  // namespace onestep::scenes
