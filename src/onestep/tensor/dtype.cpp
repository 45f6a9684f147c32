#include "onestep/tensor/dtype.h"
