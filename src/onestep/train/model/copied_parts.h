#pragma once

#include "onestep/models/diffusers_folder.h"

#include <filesystem>
#include <functional>
#include <string>

namespace onestep {

/// Fills a new folder beside `folder` and renames it in the end, over an older one.
void replace_folder(const std::filesystem::path& folder,
                    const std::function<void(const std::filesystem::path& fresh)>& fill);

/// Copies a component ("vae", "tokenizer", "scheduler", ...) of `from` to `to`/component, its
/// weights byte for byte. Weights that are sharded or of a variant get the plain file's name, with
/// the same values.
void copy_component(const DiffusersFolder& from,
                    const std::string& component,
                    const std::filesystem::path& to);

/// The same without the weights.
void copy_descriptions(const DiffusersFolder& from,
                       const std::string& component,
                       const std::filesystem::path& to);

}  // namespace onestep
