#include "onestep/models/unet.h"
