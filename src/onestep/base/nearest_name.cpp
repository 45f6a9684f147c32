#include "onestep/base/nearest_name.h"
