#include "onestep/cli/photographs/inputs.h"

#include "onestep/cli/terminal/messages.h"

#include <sys/stat.h>

#include <algorithm>
#include <iterator>
#include <map>
#include <optional>
#include <system_error>
#include <unordered_map>
#include <utility>

namespace onestep {
namespace {

namespace fs = std::filesystem;

/// A name in a message; one that could not be seen is quoted.
std::string shown(const std::string& name) {
  return name.empty() ? "\"\"" : name;
}

void expand_folder(const fs::path& path, const fs::path& results, Inputs& inputs) {
  Inputs found = search_folder(path, results);
  if (found.photographs.empty() && found.failures.count() == 0) {
    found.failures.add(concatenate(
        path.native(), ": expected .png, .jpg or .jpeg files in this folder or below, found ",
        found.earlier_results > 0 ? "only results of earlier runs" : "none"));
  }
  inputs.photographs.insert(inputs.photographs.end(), std::move_iterator(found.photographs.begin()),
                            std::move_iterator(found.photographs.end()));
  inputs.failures.append(found.failures);
  inputs.earlier_results += found.earlier_results;
}

void expand(const std::string& name, const fs::path& results, Inputs& inputs) {
  if (name.find('\0') != std::string::npos) {  // the system would take what stands before it
    inputs.failures.add(concatenate(name, ": expected a name, found a NUL byte in it"));
    return;
  }
  const fs::path path = name;
  std::error_code error;
  const fs::file_status status = fs::status(path, error);
  if (fs::is_directory(status)) {
    expand_folder(path, results, inputs);
  } else if (fs::exists(status)) {
    inputs.photographs.push_back({path, {}});
  } else {
    const bool missing = !error || status.type() == fs::file_type::not_found;
    inputs.failures.add(
        concatenate(shown(name), ": expected a photograph or a folder of them, found ",
                    missing ? "nothing of this name; check the spelling" : error.message()));
  }
}

/// The file itself, whatever name led to it; the name when that cannot be told.
fs::path identity(const fs::path& path) {
  std::error_code error;
  const fs::path canonical = fs::weakly_canonical(path, error);
  return error ? path.lexically_normal() : canonical;
}

/// Where the results of a photograph go, without their endings: these are the same for all.
fs::path target_of(const Photograph& photograph) {
  return photograph.folder / photograph.path.stem();
}

/// The photographs whose results go to one place; nearly always one.
class Claims {
 public:
  explicit Claims(const std::vector<Photograph>& photographs) : photographs_(photographs) {
    for (std::size_t i = 0; i < photographs.size(); ++i) claim(i);
  }

  /// Of another photograph with the same target.
  std::optional<std::size_t> rival_of(std::size_t photograph) const {
    const auto& members = members_of_.at(target_of(photographs_[photograph]).native());
    if (members.size() == 1) return std::nullopt;
    return members[members.front() == photograph ? 1 : 0];
  }
  bool is_repeated(std::size_t photograph) const { return repeated_[photograph]; }

 private:
  void claim(std::size_t photograph) {
    auto& members = members_of_[target_of(photographs_[photograph]).native()];
    const auto is_same = [&](std::size_t other) {
      return identity(photographs_[other].path) == identity(photographs_[photograph].path);
    };
    const bool repeated = std::any_of(members.begin(), members.end(), is_same);
    if (!repeated) members.push_back(photograph);
    repeated_.push_back(repeated);
  }

  const std::vector<Photograph>& photographs_;
  std::unordered_map<std::string, std::vector<std::size_t>> members_of_;
  std::vector<bool> repeated_;
};

void settle_equal_targets(Inputs& inputs, const fs::path& results) {
  const auto all = std::exchange(inputs.photographs, {});
  const Claims claims(all);
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (claims.is_repeated(i)) continue;
    const auto rival = claims.rival_of(i);
    if (!rival) {
      inputs.photographs.push_back(all[i]);
      continue;
    }
    inputs.failures.add(
        concatenate(all[i].path.native(), ": expected results of its own, found that those of ",
                    all[*rival].path.native(), " would have the same names (",
                    (results / target_of(all[i])).native(),
                    "_...); rename one of the two, or predict this one alone with another -o"));
  }
}

/// The photographs by what the system calls them, which is quick to look up; names decide then.
class Readers {
 public:
  explicit Readers(const std::vector<Photograph>& photographs) {
    for (const Photograph& photograph : photographs) {
      if (const auto number = number_of(photograph.path)) by_number_.emplace(*number, &photograph);
    }
  }

  /// The photograph that this file is, or null.
  const Photograph* of(const fs::path& file) const {
    const auto number = number_of(file);
    if (!number) return nullptr;
    const auto [begin, end] = by_number_.equal_range(*number);
    for (auto reader = begin; reader != end; ++reader) {
      if (identity(reader->second->path) == identity(file)) return reader->second;
    }
    return nullptr;
  }

 private:
  using Number = std::pair<dev_t, ino_t>;

  static std::optional<Number> number_of(const fs::path& path) {
    struct stat status = {};
    if (stat(path.c_str(), &status) != 0) return std::nullopt;
    return Number(status.st_dev, status.st_ino);
  }

  std::multimap<Number, const Photograph*> by_number_;
};

}  // namespace

Inputs expand_inputs(const std::vector<std::string>& names, const fs::path& results) {
  Inputs inputs;
  for (const std::string& name : names) expand(name, results, inputs);
  settle_equal_targets(inputs, results);
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

void refuse_overwritten_inputs(const std::vector<Photograph>& photographs,
                               Modality modality,
                               const OutputOptions& options) {
  const Readers readers(photographs);
  for (const Photograph& photograph : photographs) {
    for (const fs::path& file : files_of(photograph, modality, options)) {
      const Photograph* reader = readers.of(file);
      if (reader == nullptr) continue;
      throw UsageError(concatenate("expected inputs to stay as they are, found that the result of ",
                                   photograph.path.native(), " would be written over the input ",
                                   reader->path.native(), "; choose another folder with -o"));
    }
  }
}

}  // namespace onestep
