#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace onestep {

/// Where the models that come with the program lie, as seen from its executable:
/// ../share/onestep/models. An installed program has them there, and a build tree links to those of
/// the sources. Need not exist.
std::filesystem::path bundled_models_folder(const std::filesystem::path& executable);

/// That of the program that is running.
std::filesystem::path bundled_models_folder();

/// "depth" and "normals": what the bundled models are called.
const std::vector<std::string>& bundled_model_names();

/// The checkpoint folder called `name` in `models`. Throws Error that says how to get it back when
/// it is not there.
std::filesystem::path find_bundled_model(const std::string& name,
                                         const std::filesystem::path& models);

}  // namespace onestep
