#include "onestep/backend/plan/plan_backend.h"
