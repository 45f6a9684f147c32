#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>

namespace onestep {

/// The value of an environment variable, or nothing where it is not set.
using Environment = std::function<std::optional<std::string>(const std::string& name)>;

/// The environment of this process.
Environment process_environment();

/// The folder in which the Hugging Face libraries keep repositories: HF_HUB_CACHE, else
/// HUGGINGFACE_HUB_CACHE, else HF_HOME/hub, where HF_HOME is XDG_CACHE_HOME/huggingface, else
/// ~/.cache/huggingface, unless set. A leading ~ and $NAME or ${NAME} are expanded in all of them.
/// An empty variable counts as not set. Need not exist.
std::filesystem::path hub_cache_folder(const Environment& environment = process_environment());

}  // namespace onestep
