#include "onestep/diffusion/schedule.h"
