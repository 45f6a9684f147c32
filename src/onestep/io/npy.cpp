#include "onestep/io/npy.h"
