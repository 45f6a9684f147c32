#pragma once

#include "onestep/scenes/world/builder.h"

namespace onestep::scenes {

// Each fills an empty world: surfaces, lights, sky and the camera.

void build_room(Builder& builder);
void build_corridor(Builder& builder);
void build_street(Builder& builder);
void build_open_ground(Builder& builder);
void build_close_up(Builder& builder);

}  // namespace onestep::scenes
