#include "onestep/train/recipe/recipe_document.h"

#include "onestep/base/check.h"
#include "onestep/base/nearest_name.h"
#include "onestep/io/file.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <map>
#include <system_error>

namespace onestep {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

constexpr const char* kDefaults = R"({
  "objective": "e2e",
  "modality": "depth",
  "depth_target": null,
  "unknown_depth": "ignored",
  "init": null,
  "conv_in": "e2e",
  "context_tokens": 77,
  "noise": "zeros",
  "steps": 20000,
  "batch": 2,
  "accumulation": 16,
  "optimizer": {"name": "adamw", "lr": 3e-5, "betas": [0.9, 0.999], "eps": 1e-8, "weight_decay": 0.01},
  "schedule": {"kind": "iter_exponential", "warmup": 100, "total": 20000, "final_ratio": 0.01},
  "clip_norm": 1.0,
  "ema": null,
  "loss": {"plain_l1": 0, "gradient": 0, "unit": "code"},
  "precision": "float32",
  "checkpointing": ["unet"],
  "seed": 0,
  "order": "shuffled",
  "flip": 0.5,
  "augmentation": null,
  "checkpoint_every": 1000,
  "keep": 2,
  "stop_after": null,
  "validate_every": 500,
  "data": [],
  "validation": {"samples": 4, "data": []},
  "kl_weight": 1e-6,
  "latent_cache_mb": 2048,
  "processing_resolution": null,
  "processing_pixels": null,
  "weights": "float32",
  "scratch": {"unet": null, "vae": null, "text_encoder": null}
})";

constexpr const char* kManifestDefaults =
    R"({"kind": "manifest", "path": null, "size": null, "weight": 1})";
constexpr const char* kAnalyticDefaults =
    R"({"kind": "analytic", "count": 1000, "size": [64, 96], "seed": 0, "weight": 1})";
constexpr const char* kScenesDefaults =
    R"({"kind": "scenes", "seed": 1, "size": [192, 256], "count": 1000000, "cache": null, "weight": 1})";

/// Objects that are null unless they are given, and what is then not given of them.
const Json& optional_object(const std::string& key) {
  static const std::map<std::string, Json> kObjects = {
      {"augmentation",
       Json::parse(R"({"invert": 0, "illumination": 0, "gamma": 0, "permute_channels": 0,
                       "low_contrast": 0, "zoom": 1})")},
      {"depth_target", Json::parse(R"({"kind": "affine", "range": 20})")}};
  static const Json kNone;
  const auto found = kObjects.find(key);
  return found == kObjects.end() ? kNone : found->second;
}

constexpr std::array<const char*, 5> kMayChange = {"steps", "stop_after", "checkpoint_every",
                                                   "keep", "validate_every"};

std::string join(const std::string& prefix, const std::string& key) {
  return prefix.empty() ? key : prefix + "." + key;
}

std::vector<std::string> keys_of(const Json& object) {
  std::vector<std::string> keys;
  for (const auto& [key, value] : object.items()) keys.push_back(key);
  return keys;
}

[[noreturn]] void refuse_key(const std::string& where,
                             const std::string& prefix,
                             const std::string& key,
                             const Json& known) {
  fail(where, ": \"", join(prefix, key), "\" is not a key of a recipe",
       did_you_mean(key, keys_of(known)));
}

/// Descriptions of networks have keys of their own.
bool is_free(const std::string& key) {
  return key == "scratch.unet" || key == "scratch.vae" || key == "scratch.text_encoder";
}

Json merged_entry(const Json& entry, const std::string& where, const std::string& key) {
  check(entry.is_object(), where, ": \"", key, "\" must be an object such as ", kManifestDefaults);
  const std::string kind = entry.contains("kind") && entry.at("kind").is_string()
                               ? entry.at("kind").get<std::string>()
                               : "manifest";
  const std::vector<std::string> kinds = {"manifest", "analytic", "scenes"};
  check(std::find(kinds.begin(), kinds.end(), kind) != kinds.end(), where, ": \"", key,
        ".kind\" is \"", kind, "\"; expected manifest, analytic or scenes",
        did_you_mean(kind, kinds));
  Json result = Json::parse(kind == "analytic" ? kAnalyticDefaults
                            : kind == "scenes" ? kScenesDefaults
                                               : kManifestDefaults);
  for (const auto& [name, value] : entry.items()) {
    if (!result.contains(name)) refuse_key(where, key, name, result);
    result[name] = value;
  }
  return result;
}

/// `given` over `base`; lists of data are lists of entries with defaults of their own.
void merge(Json& base, const Json& given, const std::string& where, const std::string& prefix) {
  check(given.is_object(), where, ": ", prefix.empty() ? "a recipe" : "\"" + prefix + "\"",
        " must be a JSON object");
  for (const auto& [name, value] : given.items()) {
    const std::string key = join(prefix, name);
    if (!base.contains(name)) refuse_key(where, prefix, name, base);
    if (base[name].is_null() && value.is_object()) base[name] = optional_object(key);
    if (key == "data" || key == "validation.data") {
      check(value.is_array(), where, ": \"", key, "\" must be a list of objects");
      base[name] = Json::array();
      for (std::size_t i = 0; i < value.size(); ++i) {
        base[name].push_back(merged_entry(value[i], where, join(key, std::to_string(i))));
      }
    } else if (base[name].is_object() && !is_free(key)) {
      merge(base[name], value, where, key);
    } else {
      base[name] = value;
    }
  }
}

/// A word that is no JSON stands for itself: noise=gaussian.
Json value_of(const std::string& text) {
  Json value = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  return value.is_discarded() ? Json(text) : value;
}

/// "a.b.0.c" as nested objects and lists; what is there stays.
void change(Json& document, const std::string& assignment) {
  const auto equals = assignment.find('=');
  const std::string where = "--set " + assignment;
  check(equals != std::string::npos && equals > 0, where, ": expected KEY=VALUE");
  Json* at = &document;
  std::string prefix;
  std::string rest = assignment.substr(0, equals);
  while (true) {
    const auto dot = rest.find('.');
    const std::string name = rest.substr(0, dot);
    if (at->is_array()) {
      const bool number = !name.empty() && name.size() < 6 &&
                          std::all_of(name.begin(), name.end(),
                                      [](unsigned char c) { return c >= '0' && c <= '9'; });
      check(number && std::stoul(name) < at->size(), where, ": \"", prefix, "\" has ", at->size(),
            " entries, numbered from 0; found ", name);
      at = &(*at)[std::stoul(name)];
    } else {
      if (at->is_null() && is_free(prefix)) *at = Json::object();
      if (at->is_null()) *at = optional_object(prefix);
      check(at->is_object(), where, ": \"", prefix, "\" has no keys of its own");
      const bool free = prefix.starts_with("scratch.");
      if (!free && !at->contains(name)) refuse_key(where, prefix, name, *at);
      at = &(*at)[name];
    }
    prefix = join(prefix, name);
    if (dot == std::string::npos) break;
    rest = rest.substr(dot + 1);
  }
  *at = value_of(assignment.substr(equals + 1));
}

std::string absolute(const fs::path& path, const fs::path& base) {
  return fs::absolute(path.is_absolute() ? path : base / path).lexically_normal().string();
}

/// Relative to the recipe where there is such a folder; a name without one may be a repository's.
void resolve_model(Json& value, const fs::path& base) {
  if (!value.is_string() || value == "scratch") return;
  const fs::path path = value.get<std::string>();
  std::error_code unknown;
  const bool is_there = fs::exists(path.is_absolute() ? path : base / path, unknown);
  if (is_there || path.is_absolute() || value.get<std::string>().starts_with(".")) {
    value = absolute(path, base);
  }
}

void resolve_data(Json& entries, const fs::path& base) {
  for (Json& entry : entries) {
    for (const char* key : {"path", "cache"}) {
      if (!entry.contains(key) || !entry[key].is_string()) continue;
      entry[key] = absolute(entry[key].get<std::string>(), base);
    }
  }
}

Json parsed(const fs::path& file) {
  check(file_exists(file), file.string(), ": no such recipe");
  const std::string text = read_text(file, std::int64_t{4} << 20);
  try {
    return Json::parse(text);
  } catch (const Json::parse_error& error) {
    const auto line =
        1 +
        std::count(text.begin(),
                   text.begin() + static_cast<std::ptrdiff_t>(std::min(error.byte, text.size())),
                   '\n');
    fail(file.string(), ": not valid JSON (line ", line, ")");
  } catch (const Json::exception&) {
    fail(file.string(), ": has a number that is too large for a 64-bit float");
  }
}

/// The manifest in place of the recipe's data, with the other keys of its first manifest.
void replace_data(Json& document, const fs::path& manifest) {
  Json entry = Json::parse(kManifestDefaults);
  for (const Json& given : document["data"]) {
    if (given["kind"] == "manifest") {
      entry = given;
      break;
    }
  }
  entry["path"] = absolute(manifest, fs::current_path());
  document["data"] = Json::array({entry});
}

/// Dotted keys to values; descriptions of networks and data entries with all their keys.
std::map<std::string, Json> flattened(const Json& document) {
  std::map<std::string, Json> values;
  const Json flat = document.flatten();
  for (const auto& [pointer, value] : flat.items()) {
    std::string key = pointer.substr(1);
    std::replace(key.begin(), key.end(), '/', '.');
    values.emplace(key, value);
  }
  return values;
}

/// A key that an older version did not know had its default.
void add_defaults(Json& document, const Json& defaults) {
  for (const auto& [key, value] : defaults.items()) {
    if (!document.contains(key)) {
      document[key] = value;
    } else if (document[key].is_object()) {
      add_defaults(document[key], value);
    }
  }
}

std::string in_words(const std::map<std::string, Json>& values, const std::string& key) {
  const auto found = values.find(key);
  return found == values.end() ? "absent" : found->second.dump();
}

}  // namespace

std::string default_recipe() {
  return Json::parse(kDefaults).dump(2);
}

std::string resolved_document(const RecipeSource& source) {
  const std::string where = source.file.string();
  Json document = Json::parse(kDefaults);
  merge(document, parsed(source.file), where, "");
  const fs::path base = fs::absolute(source.file).parent_path();
  resolve_model(document["init"], base);
  resolve_model(document["scratch"]["vae"], base);
  resolve_data(document["data"], base);
  resolve_data(document["validation"]["data"], base);

  const Json before = document;
  for (const std::string& assignment : source.changes) change(document, assignment);
  Json changed = Json::parse(kDefaults);  // once more: a change may have brought unknown keys
  merge(changed, document, source.changes.empty() ? where : "--set", "");
  document = changed;
  if (source.data) replace_data(document, *source.data);
  if (source.init) document["init"] = *source.init;

  // What the command line brought is relative to the working folder.
  const fs::path here = fs::current_path();
  if (document["init"] != before["init"]) resolve_model(document["init"], here);
  Json& vae = document["scratch"]["vae"];
  if (vae != before["scratch"]["vae"]) resolve_model(vae, here);
  resolve_data(document["data"], here);
  resolve_data(document["validation"]["data"], here);
  return document.dump(2);
}

Recipe read_recipe(const RecipeSource& source) {
  return recipe_of_document(resolved_document(source), source.file.string());
}

std::optional<std::string> recipe_difference(const std::string& was, const std::string& now) {
  Json known = Json::parse(was);
  add_defaults(known, Json::parse(kDefaults));
  const auto before = flattened(known);
  const auto after = flattened(Json::parse(now));
  std::map<std::string, Json> all = before;
  all.insert(after.begin(), after.end());
  for (const auto& [key, ignored] : all) {
    if (std::find(kMayChange.begin(), kMayChange.end(), key) != kMayChange.end()) continue;
    const auto old_value = before.find(key);
    const auto new_value = after.find(key);
    const bool equal = old_value != before.end() && new_value != after.end() &&
                       old_value->second == new_value->second;  // 2 and 2.0 are equal
    if (!equal) {
      return concatenate(key, " was ", in_words(before, key), " and is now ", in_words(after, key));
    }
  }
  return std::nullopt;
}

}  // namespace onestep
