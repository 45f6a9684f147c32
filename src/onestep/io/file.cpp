#include "onestep/io/file.h"
