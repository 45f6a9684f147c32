#include "onestep/backend/offset_allocator.h"
