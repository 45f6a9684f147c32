#include "onestep/base/thread_pool.h"
