#include "onestep/cli/inputs.h"

#include "onestep/cli/terminal/messages.h"
#include "onestep/io/image.h"

#include <map>
#include <system_error>

namespace onestep {
namespace {

namespace fs = std::filesystem;

/// Empty when the path can be used; a failure's message otherwise.
std::string expand(const fs::path& path, std::vector<fs::path>& images) {
  std::error_code error;
  const fs::file_status status = fs::status(path, error);
  if (!fs::exists(status)) {
    const bool missing = !error || status.type() == fs::file_type::not_found;
    return concatenate(path.native(), ": expected a photograph or a folder of them, found ",
                       missing ? "nothing of this name; check the spelling" : error.message());
  }
  if (!fs::is_directory(status)) {
    images.push_back(path);
    return "";
  }
  const std::vector<fs::path> found = images_in_folder(path);
  images.insert(images.end(), found.begin(), found.end());
  if (!found.empty()) return "";
  return concatenate(path.native(),
                     ": expected .png, .jpg or .jpeg files in this folder, found none; "
                     "sub-folders are not searched");
}

/// The file itself, whatever name led to it; the name when that cannot be told.
fs::path identity(const fs::path& path) {
  std::error_code error;
  const fs::path canonical = fs::weakly_canonical(path, error);
  return error ? path.lexically_normal() : canonical;
}

}  // namespace

Inputs expand_inputs(const std::vector<fs::path>& paths) {
  Inputs inputs;
  for (const fs::path& path : paths) {
    std::string failure;
    try {
      failure = expand(path, inputs.images);
    } catch (const Error& error) {
      failure = error.what();
    }
    if (!failure.empty()) inputs.failures.push_back(failure);
  }
  return inputs;
}

std::string stem_of(const fs::path& image) {
  return image.stem().native();
}

void refuse_collisions(const std::vector<fs::path>& images,
                       Modality modality,
                       const OutputOptions& options) {
  std::map<fs::path, const fs::path*> writer;
  for (const fs::path& image : images) {
    for (const fs::path& file : output_files(stem_of(image), modality, options)) {
      const auto [other, is_new] = writer.emplace(file, &image);
      if (is_new) continue;
      throw UsageError(concatenate("expected a file of its own for each input, found that ",
                                   other->second->native(), " and ", image.native(),
                                   " would both write ", file.native(),
                                   "; predict them into different folders (-o)"));
    }
  }
}

void refuse_overwritten_inputs(const std::vector<fs::path>& images,
                               Modality modality,
                               const OutputOptions& options) {
  std::map<fs::path, const fs::path*> readers;
  for (const fs::path& image : images) readers.emplace(identity(image), &image);
  for (const fs::path& image : images) {
    for (const fs::path& file : output_files(stem_of(image), modality, options)) {
      const auto reader = readers.find(identity(file));
      if (reader == readers.end()) continue;
      throw UsageError(concatenate("expected inputs to stay as they are, found that the result of ",
                                   image.native(), " would be written over the input ",
                                   reader->second->native(), "; choose another folder with -o"));
    }
  }
}

}  // namespace onestep
