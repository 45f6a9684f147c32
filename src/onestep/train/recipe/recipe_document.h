#pragma once

#include "onestep/train/recipe/recipe.h"

#include <string>

namespace onestep {

/// The recipe's file over the defaults, then the changes of `source`, paths made absolute: every
/// key is there and is known, values are as they were given. Throws Error.
std::string resolved_document(const RecipeSource& source);

/// What the keys of a document say. `where` begins the messages. Throws Error (key, rule, found).
Recipe recipe_of_document(const std::string& document, const std::string& where);

}  // namespace onestep
