#include "onestep/diffusion/ddim.h"
