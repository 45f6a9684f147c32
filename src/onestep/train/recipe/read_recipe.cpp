#include "onestep/base/check.h"
#include "onestep/base/nearest_name.h"
#include "onestep/models/config/model_index.h"
#include "onestep/train/recipe/recipe_document.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <cmath>

namespace onestep {
namespace {

using Json = nlohmann::ordered_json;

/// A value of the document under its dotted key, and what it must be.
class Value {
 public:
  Value(const Json& json, std::string where, std::string key)
      : json_(json), where_(std::move(where)), key_(std::move(key)) {}

  Value at(const std::string& name) const {
    return {json_.at(name), where_, key_.empty() ? name : key_ + "." + name};
  }
  Value at(std::size_t index) const {
    return {json_.at(index), where_, key_ + "." + std::to_string(index)};
  }
  std::size_t size() const { return json_.size(); }
  bool is_null() const { return json_.is_null(); }
  bool is_text() const { return json_.is_string(); }
  bool is_object() const { return json_.is_object(); }
  const Json& json() const { return json_; }

  [[noreturn]] void refuse(const std::string& rule) const {
    constexpr std::size_t kLongest = 60;
    std::string shown = json_.dump(-1, ' ', true, Json::error_handler_t::replace);
    if (shown.size() > kLongest) shown = shown.substr(0, kLongest) + "...";
    fail(where_, ": \"", key_, "\" is ", shown, "; ", rule);
  }

  std::int64_t integer(std::int64_t lowest, std::int64_t highest) const {
    // 1e4 is how people write it.
    const bool whole = json_.is_number() && std::floor(json_.get<double>()) == json_.get<double>();
    if (!whole || json_.get<double>() < static_cast<double>(lowest) ||
        json_.get<double>() > static_cast<double>(highest)) {
      refuse(concatenate("expected a whole number from ", lowest, " to ", highest));
    }
    return json_.get<std::int64_t>();
  }
  double number(double lowest, double highest) const {
    if (!json_.is_number() || json_.get<double>() < lowest || json_.get<double>() > highest) {
      refuse(concatenate("expected a number from ", lowest, " to ", highest));
    }
    return json_.get<double>();
  }
  std::string text() const {
    if (!json_.is_string()) refuse("expected a text");
    return json_.get<std::string>();
  }
  /// Which of the names it is.
  std::size_t one_of(const std::vector<std::string>& names) const {
    const std::string word = json_.is_string() ? json_.get<std::string>() : std::string();
    const auto found = std::find(names.begin(), names.end(), word);
    if (found == names.end()) {
      std::string expected;
      for (const std::string& name : names) expected += (expected.empty() ? "" : ", ") + name;
      refuse("expected one of " + expected + did_you_mean(word, names));
    }
    return static_cast<std::size_t>(found - names.begin());
  }

 private:
  const Json& json_;
  std::string where_;
  std::string key_;
};

constexpr double kBelowOne = 1 - 1e-12;
constexpr std::int64_t kMost = std::int64_t{1} << 40;

AdamWOptions optimizer_of(const Value& value) {
  if (!value.at("name").is_text() || value.at("name").text() != "adamw") {
    value.at("name").refuse("expected adamw (with weight_decay 0 it is Adam)");
  }
  if (!value.at("betas").json().is_array() || value.at("betas").size() != 2) {
    value.at("betas").refuse("expected two numbers");
  }
  return {.lr = value.at("lr").number(0, 1e3),
          .beta1 = value.at("betas").at(0).number(0, kBelowOne),
          .beta2 = value.at("betas").at(1).number(0, kBelowOne),
          .eps = value.at("eps").number(0, 1),
          .weight_decay = value.at("weight_decay").number(0, 1e3)};
}

RateSchedule schedule_of(const Value& value) {
  RateSchedule schedule;
  constexpr std::array kKinds = {RateSchedule::Kind::iter_exponential, RateSchedule::Kind::constant,
                                 RateSchedule::Kind::cosine};
  schedule.kind = kKinds.at(value.at("kind").one_of({"iter_exponential", "constant", "cosine"}));
  schedule.warmup = value.at("warmup").integer(0, kMost);
  schedule.total = value.at("total").integer(1, kMost);
  schedule.final_ratio = value.at("final_ratio").number(1e-12, 1);
  if (schedule.kind != RateSchedule::Kind::constant && schedule.total <= schedule.warmup) {
    value.at("total").refuse(concatenate("expected more than schedule.warmup, ", schedule.warmup));
  }
  return schedule;
}

std::optional<DepthTargetOptions> depth_target_of(const Value& value) {
  if (value.is_null()) return std::nullopt;
  if (!value.is_object()) value.refuse("expected an object with kind and range, or null");
  DepthTargetOptions options;
  options.kind = value.at("kind").one_of({"affine", "log"}) == 0 ? DepthTargetOptions::Kind::affine
                                                                 : DepthTargetOptions::Kind::log;
  options.range = value.at("range").number(kLeastDepthRange, kMostDepthRange);
  return options;
}

DataEntry entry_of(const Value& value) {
  DataEntry entry;
  entry.weight = value.at("weight").number(0, 1e9);
  if (!value.at("size").is_null()) {
    if (!value.at("size").json().is_array() || value.at("size").size() != 2) {
      value.at("size").refuse("expected [height, width] or null");
    }
    entry.size =
        MapSize{value.at("size").at(0).integer(8, 32768), value.at("size").at(1).integer(8, 32768)};
  }
  const std::string kind = value.at("kind").text();
  if (kind != "manifest") {
    entry.kind = kind == "analytic" ? DataEntry::Kind::analytic : DataEntry::Kind::scenes;
    if (!entry.size) value.at("size").refuse("expected [height, width]");
    entry.count = value.at("count").integer(1, kMost);
    entry.seed = static_cast<std::uint64_t>(value.at("seed").integer(0, kMost));
    if (kind == "scenes" && !value.at("cache").is_null()) entry.cache = value.at("cache").text();
  } else {
    if (value.at("path").is_null()) value.at("path").refuse("expected a manifest's file");
    entry.path = value.at("path").text();
  }
  return entry;
}

std::vector<DataEntry> entries_of(const Value& value) {
  std::vector<DataEntry> entries;
  for (std::size_t i = 0; i < value.size(); ++i) entries.push_back(entry_of(value.at(i)));
  return entries;
}

void read_checkpointing(const Value& value, Recipe& recipe) {
  if (!value.json().is_array()) value.refuse("expected a list of unet and decoder, perhaps empty");
  recipe.checkpoint_unet = false;
  recipe.checkpoint_decoder = false;
  for (std::size_t i = 0; i < value.size(); ++i) {
    (value.at(i).one_of({"unet", "decoder"}) == 0 ? recipe.checkpoint_unet
                                                  : recipe.checkpoint_decoder) = true;
  }
}

std::optional<ConvInRecipe> conv_in_of(const Value& value) {
  switch (value.one_of({"e2e", "marigold", "none"})) {
    case 0:
      return ConvInRecipe::halve_weight_and_bias;
    case 1:
      return ConvInRecipe::halve_weight_keep_bias;
    default:
      return std::nullopt;
  }
}

DepthLossWeights loss_of(const Value& value, const Recipe& recipe) {
  const DepthLossWeights weights{
      .plain_l1 = value.at("plain_l1").number(0, 1e6),
      .gradient = value.at("gradient").number(0, 1e6),
      .in_log_depth = value.at("unit").one_of({"code", "log_depth"}) == 1};
  const bool of_depth =
      recipe.objective == ObjectiveKind::e2e && recipe.modality == Modality::depth;
  if (weights.any() && !of_depth) value.refuse("only the objective e2e for depth has these terms");
  const bool is_log =
      recipe.depth_target && recipe.depth_target->kind == DepthTargetOptions::Kind::log;
  if (weights.in_log_depth && !(of_depth && is_log)) {
    value.at("unit").refuse("log_depth needs the objective e2e and a depth_target of kind log");
  }
  return weights;
}

void read_model(const Value& value, Recipe& recipe) {
  constexpr std::array kObjectives = {ObjectiveKind::e2e, ObjectiveKind::latent,
                                      ObjectiveKind::autoencoder};
  recipe.objective = kObjectives.at(value.at("objective").one_of({"e2e", "latent", "autoencoder"}));
  recipe.modality =
      value.at("modality").one_of({"depth", "normals"}) == 0 ? Modality::depth : Modality::normals;
  recipe.depth_target = depth_target_of(value.at("depth_target"));
  recipe.loss = loss_of(value.at("loss"), recipe);
  recipe.unknown_is_far = value.at("unknown_depth").one_of({"ignored", "far"}) == 1;
  if (value.at("init").is_null()) {
    value.at("init").refuse("expected a diffusers folder (say --init MODEL), or \"scratch\"");
  }
  recipe.init = value.at("init").text();
  recipe.conv_in = conv_in_of(value.at("conv_in"));
  recipe.context_tokens = static_cast<int>(value.at("context_tokens").integer(2, 77));
  if (recipe.context_tokens != 2 && recipe.context_tokens != 77) {
    value.at("context_tokens").refuse("expected 2 or 77");
  }
  const auto& noises = noise_kind_names();
  recipe.noise =
      noise_kind_from_string(noises[value.at("noise").one_of({noises.begin(), noises.end()})]);
  if (!recipe.conv_in && recipe.noise != NoiseKind::zeros) {
    value.at("noise").refuse("with conv_in \"none\" the second latent is not fed; expected zeros");
  }
  if (!value.at("processing_resolution").is_null()) {
    recipe.processing_resolution =
        static_cast<int>(value.at("processing_resolution").integer(0, 32768));
  }
  if (!value.at("processing_pixels").is_null()) {
    recipe.processing_pixels = static_cast<int>(
        value.at("processing_pixels").integer(kLeastProcessingPixels, kMostProcessingPixels));
  }
  recipe.weights =
      value.at("weights").one_of({"float32", "float16"}) == 0 ? DType::float32 : DType::float16;
  const Value scratch = value.at("scratch");
  const auto object = [&](const char* name) {
    const Value config = scratch.at(name);
    if (config.is_null()) return std::string();
    if (!config.is_object()) config.refuse("expected the keys of a config.json");
    return config.json().dump();
  };
  recipe.scratch_unet = object("unet");
  recipe.scratch_text_encoder = object("text_encoder");
  if (scratch.at("vae").is_text()) {
    recipe.scratch_vae_folder = scratch.at("vae").text();
  } else {
    recipe.scratch_vae = object("vae");
  }
}

void read_run(const Value& value, Recipe& recipe) {
  recipe.steps = value.at("steps").integer(1, kMost);
  recipe.batch = value.at("batch").integer(1, 65536);
  recipe.accumulation = value.at("accumulation").integer(1, 65536);
  recipe.optimizer = optimizer_of(value.at("optimizer"));
  recipe.schedule = schedule_of(value.at("schedule"));
  recipe.clip_norm = std::nullopt;
  if (!value.at("clip_norm").is_null())
    recipe.clip_norm = value.at("clip_norm").number(1e-12, 1e12);
  if (!value.at("ema").is_null()) recipe.ema = value.at("ema").number(1e-12, kBelowOne);
  constexpr std::array kPrecisions = {TorchPrecision::float32, TorchPrecision::bfloat16,
                                      TorchPrecision::float64};
  recipe.precision =
      kPrecisions.at(value.at("precision").one_of({"float32", "bfloat16", "float64"}));
  read_checkpointing(value.at("checkpointing"), recipe);
  recipe.checkpoint_every = value.at("checkpoint_every").integer(1, kMost);
  recipe.keep = value.at("keep").integer(1, 1000000);
  if (!value.at("stop_after").is_null())
    recipe.stop_after = value.at("stop_after").integer(1, kMost);
  recipe.kl_weight = value.at("kl_weight").number(0, 1e6);
  recipe.latent_cache_bytes = value.at("latent_cache_mb").integer(0, kMost >> 20) << 20;
}

AugmentationOptions augmentation_of(const Value& value, std::uint64_t seed) {
  if (value.is_null()) return {};
  if (!value.is_object()) value.refuse("expected an object with invert, zoom and so on, or null");
  return {.invert = value.at("invert").number(0, 1),
          .illumination = value.at("illumination").number(0, 1),
          .gamma = value.at("gamma").number(0, 4),
          .permute_channels = value.at("permute_channels").number(0, 1),
          .low_contrast = value.at("low_contrast").number(0, 1),
          .zoom = value.at("zoom").number(1, 16),
          .seed = seed};
}

void read_data(const Value& value, Recipe& recipe) {
  recipe.seed = static_cast<std::uint64_t>(value.at("seed").integer(0, kMost));
  recipe.order = value.at("order").one_of({"shuffled", "sequential"}) == 0 ? Order::shuffled
                                                                           : Order::sequential;
  recipe.flip = value.at("flip").number(0, 1);
  recipe.augmentation = augmentation_of(value.at("augmentation"), recipe.seed);
  // No picture is seen twice as it was.
  if (recipe.augmentation.any()) recipe.latent_cache_bytes = 0;
  recipe.data = entries_of(value.at("data"));
  if (recipe.data.empty()) {
    value.at("data").refuse("expected at least one entry (say --data MANIFEST)");
  }
  const auto heavy = [](const DataEntry& entry) { return entry.weight > 0; };
  if (std::none_of(recipe.data.begin(), recipe.data.end(), heavy)) {
    value.at("data").refuse("expected a weight above 0");
  }
  recipe.validate_every = value.at("validate_every").integer(0, kMost);
  recipe.validation_samples = value.at("validation").at("samples").integer(0, 64);
  recipe.validation_data = entries_of(value.at("validation").at("data"));
}

}  // namespace

Recipe recipe_of_document(const std::string& document, const std::string& where) {
  const Json json = Json::parse(document);
  const Value value(json, where, "");
  Recipe recipe;
  recipe.document = document;
  read_model(value, recipe);
  read_run(value, recipe);
  read_data(value, recipe);
  return recipe;
}

}  // namespace onestep
