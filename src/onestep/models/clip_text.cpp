#include "onestep/models/clip_text.h"
