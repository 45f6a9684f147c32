#include "onestep/viz/colour_map.h"
