#include "onestep/pipelines/estimator.h"
