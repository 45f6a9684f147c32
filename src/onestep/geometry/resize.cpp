#include "onestep/geometry/resize.h"
