#include "onestep/backend/backend.h"
