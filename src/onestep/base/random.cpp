#include "onestep/base/random.h"
