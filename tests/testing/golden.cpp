#include "testing/golden.h"
