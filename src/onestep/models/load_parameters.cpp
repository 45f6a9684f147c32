#include "onestep/models/load_parameters.h"
