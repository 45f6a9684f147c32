#include "onestep/backend/plain/plain_backend.h"
