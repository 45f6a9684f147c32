#include "onestep/models/diffusers_folder.h"
