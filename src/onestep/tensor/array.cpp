#include "onestep/tensor/array.h"
