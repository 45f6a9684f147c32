#pragma once

#include "onestep/models/autoencoder_kl.h"
#include "onestep/models/clip_text.h"
#include "onestep/models/unet.h"

#include <string>

namespace onestep {

/// What holds between the values of a configuration: lists of one length, heads and groups that
/// divide the channels. Throws Error that begins with `where` and names the keys.
void check_config(const UNetConfig& config, const std::string& where);
void check_config(const AutoencoderKlConfig& config, const std::string& where);
void check_config(const ClipTextConfig& config, const std::string& where);

}  // namespace onestep
