#include "onestep/io/safetensors.h"
