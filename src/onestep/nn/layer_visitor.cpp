#include "onestep/nn/layer_visitor.h"
