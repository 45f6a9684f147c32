#include "onestep/models/weight_files.h"

#include "onestep/base/check.h"
#include "onestep/io/file.h"

#include <algorithm>
#include <optional>
#include <system_error>
#include <vector>

namespace onestep {
namespace {

namespace fs = std::filesystem;

bool is_file(const fs::path& path) {
  return file_exists(path) && fs::is_regular_file(path);
}

/// Diffusers writes the first name; the second is its older form, the third one seen in the wild.
std::vector<std::string> index_names(const std::string& base, const std::string& variant) {
  if (variant.empty()) return {base + ".safetensors.index.json"};
  return {base + ".safetensors.index." + variant + ".json",
          base + ".safetensors." + variant + ".index.json",
          base + "." + variant + ".safetensors.index.json"};
}

std::optional<WeightFiles> find_variant(const fs::path& folder,
                                        const std::string& base,
                                        const std::string& variant) {
  for (const auto& name : index_names(base, variant)) {
    if (is_file(folder / name)) return WeightFiles{folder / name, true};
  }
  const auto name = base + (variant.empty() ? "" : "." + variant) + ".safetensors";
  if (is_file(folder / name)) return WeightFiles{folder / name, false};
  return std::nullopt;
}

std::vector<std::string> sorted_file_names(const fs::path& folder) {
  std::vector<std::string> names;
  std::error_code error;
  for (fs::directory_iterator entry(folder, error), end; !error && entry != end;
       entry.increment(error)) {
    names.push_back(entry->path().filename().string());
  }
  const bool missing = error == std::errc::no_such_file_or_directory;
  check(!error || missing, folder.string(), ": cannot be read: ", error.message());
  std::sort(names.begin(), names.end());
  return names;
}

bool starts_with(const std::string& text, const std::string& part) {
  return text.compare(0, part.size(), part) == 0;
}

bool ends_with(const std::string& text, const std::string& part) {
  return text.size() >= part.size() &&
         text.compare(text.size() - part.size(), part.size(), part) == 0;
}

/// The first VARIANT among the names base.VARIANT.safetensors.
std::optional<std::string> any_variant(const std::vector<std::string>& names,
                                       const std::string& base) {
  const std::string begin = base + ".";
  const std::string end = ".safetensors";
  for (const auto& name : names) {
    const bool fits =
        name.size() > begin.size() + end.size() && starts_with(name, begin) && ends_with(name, end);
    if (fits) return name.substr(begin.size(), name.size() - begin.size() - end.size());
  }
  return std::nullopt;
}

}  // namespace

WeightFiles find_weight_files(const fs::path& folder,
                              const std::string& base,
                              const std::string& variant) {
  check(variant.find_first_of("/\\") == std::string::npos, "variant \"", variant,
        "\": expected a name such as fp16");
  if (!variant.empty()) {
    if (auto found = find_variant(folder, base, variant)) return *found;
  }
  if (auto found = find_variant(folder, base, "")) return *found;
  if (auto found = find_variant(folder, base, "fp16")) return *found;
  const auto names = sorted_file_names(folder);
  if (const auto other = any_variant(names, base)) {
    if (auto found = find_variant(folder, base, *other)) return *found;
  }
  for (const auto& name : names) {
    check(!ends_with(name, ".bin") && !ends_with(name, ".bin.index.json"), folder.string(),
          ": the model has only .bin weights (", name,
          "); convert to safetensors: load it in diffusers and save it with "
          "save_pretrained(..., safe_serialization=True)");
  }
  fail(folder.string(), ": no weights; expected ", base, ".safetensors; is the download complete?");
}

}  // namespace onestep
