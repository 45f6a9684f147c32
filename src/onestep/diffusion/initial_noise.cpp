#include "onestep/diffusion/initial_noise.h"
