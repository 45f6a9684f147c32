#include "onestep/cli/photographs/inputs.h"

#include "onestep/cli/terminal/messages.h"

#include <iterator>
#include <map>
#include <system_error>
#include <utility>

namespace onestep {
namespace {

namespace fs = std::filesystem;

template <typename T>
void append(std::vector<T>& list, std::vector<T>&& more) {
  list.insert(list.end(), std::move_iterator(more.begin()), std::move_iterator(more.end()));
}

void expand_folder(const fs::path& path, const fs::path& results, Inputs& inputs) {
  Inputs found = search_folder(path, results);
  if (found.photographs.empty() && found.failures.empty()) {
    found.failures.push_back(concatenate(
        path.native(), ": expected .png, .jpg or .jpeg files in this folder or below, found none"));
  }
  append(inputs.photographs, std::move(found.photographs));
  append(inputs.failures, std::move(found.failures));
}

/// The file itself, whatever name led to it; the name when that cannot be told.
fs::path identity(const fs::path& path) {
  std::error_code error;
  const fs::path canonical = fs::weakly_canonical(path, error);
  return error ? path.lexically_normal() : canonical;
}

}  // namespace

Inputs expand_inputs(const std::vector<fs::path>& paths, const fs::path& results) {
  Inputs inputs;
  for (const fs::path& path : paths) {
    std::error_code error;
    const fs::file_status status = fs::status(path, error);
    if (fs::is_directory(status)) {
      expand_folder(path, results, inputs);
    } else if (fs::exists(status)) {
      inputs.photographs.push_back({path, {}});
    } else {
      const bool missing = !error || status.type() == fs::file_type::not_found;
      inputs.failures.push_back(
          concatenate(path.native(), ": expected a photograph or a folder of them, found ",
                      missing ? "nothing of this name; check the spelling" : error.message()));
    }
  }
  return inputs;
}

OutputOptions options_for(const Photograph& photograph, const OutputOptions& options) {
  OutputOptions result = options;
  if (!photograph.folder.empty()) result.folder /= photograph.folder;
  return result;
}

std::vector<fs::path> files_of(const Photograph& photograph,
                               Modality modality,
                               const OutputOptions& options) {
  return output_files(photograph.path.stem().native(), modality, options_for(photograph, options));
}

void refuse_collisions(const std::vector<Photograph>& photographs,
                       Modality modality,
                       const OutputOptions& options) {
  std::map<fs::path, const Photograph*> writer;
  for (const Photograph& photograph : photographs) {
    for (const fs::path& file : files_of(photograph, modality, options)) {
      const auto [other, is_new] = writer.emplace(file, &photograph);
      if (is_new) continue;
      throw UsageError(concatenate("expected a file of its own for each input, found that ",
                                   other->second->path.native(), " and ", photograph.path.native(),
                                   " would both write ", file.native(),
                                   "; predict them into different folders (-o)"));
    }
  }
}

void refuse_overwritten_inputs(const std::vector<Photograph>& photographs,
                               Modality modality,
                               const OutputOptions& options) {
  std::map<fs::path, const Photograph*> readers;
  for (const Photograph& photograph : photographs) {
    readers.emplace(identity(photograph.path), &photograph);
  }
  for (const Photograph& photograph : photographs) {
    for (const fs::path& file : files_of(photograph, modality, options)) {
      const auto reader = readers.find(identity(file));
      if (reader == readers.end()) continue;
      throw UsageError(concatenate("expected inputs to stay as they are, found that the result of ",
                                   photograph.path.native(), " would be written over the input ",
                                   reader->second->path.native(),
                                   "; choose another folder with -o"));
    }
  }
}

}  // namespace onestep
