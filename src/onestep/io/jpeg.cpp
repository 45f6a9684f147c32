#include "onestep/io/jpeg.h"
