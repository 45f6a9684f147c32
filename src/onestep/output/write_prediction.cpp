#include "onestep/output/write_prediction.h"
