#include "onestep/models/autoencoder_kl.h"
