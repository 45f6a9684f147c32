#include "onestep/io/image.h"
