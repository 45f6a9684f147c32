#include "onestep/io/png.h"
