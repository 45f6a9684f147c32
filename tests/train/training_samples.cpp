#include "train/training_samples.h"

namespace onestep::testing {
namespace {

/// Entries of the first axis, in their order.
template <typename T>
Array entries(const Array& all, const std::vector<std::int64_t>& indices) {
  Shape shape = all.shape();
  const auto length = static_cast<std::size_t>(all.elements() / shape.front());
  shape.front() = static_cast<std::int64_t>(indices.size());
  std::vector<T> values;
  for (const std::int64_t index : indices) {
    const auto entry = all.view<T>().subspan(static_cast<std::size_t>(index) * length, length);
    values.insert(values.end(), entry.begin(), entry.end());
  }
  return Array::of<T>(shape, values);
}

}  // namespace

Batch golden_batch(const std::vector<std::int64_t>& indices, std::int64_t number) {
  const TrainingCase samples = training_case("samples");
  Batch batch;
  batch.number = number;
  for (const std::int64_t index : indices) {
    batch.choices.push_back({0, index, false});
    batch.names.push_back("sample " + std::to_string(index));
  }
  batch.images = channels_last(entries<std::uint8_t>(samples.input("rgb"), indices));
  batch.depth_m = entries<float>(samples.output("metric"), indices);
  batch.depth_norm = entries<float>(samples.output("depth_norm"), indices);
  batch.normals = channels_last(entries<float>(samples.input("normals"), indices));
  batch.mask = entries<std::uint8_t>(samples.input("mask"), indices);
  return batch;
}

DiffusersFolder tiny_pipeline() {
  return DiffusersFolder::open(training_golden_root() + "/tiny_pipeline");
}

EndToEndOptions golden_options(const TrainingCase& golden, TorchPrecision precision) {
  EndToEndOptions options;
  options.modality =
      golden.parameters().at("task") == "depth" ? Modality::depth : Modality::normals;
  options.context_tokens = golden.parameters().at("context_tokens");
  const std::string recipe = golden.parameters().at("conv_in_recipe");
  if (recipe == "four channels") {
    options.conv_in = std::nullopt;
  } else {
    options.conv_in = recipe == "e2e" ? ConvInRecipe::halve_weight_and_bias
                                      : ConvInRecipe::halve_weight_keep_bias;
  }
  options.checkpoint_unet = false;
  options.torch.precision = precision;
  return options;
}

RateSchedule schedule_of(const nlohmann::json& json) {
  if (json.is_null()) return {.kind = RateSchedule::Kind::constant, .warmup = 0};
  return {.warmup = json.at("warmup"),
          .total = json.at("total"),
          .final_ratio = json.at("final_ratio")};
}

AdamWOptions adamw_of(const nlohmann::json& json) {
  return {.lr = json.at("lr"),
          .beta1 = json.at("betas").at(0),
          .beta2 = json.at("betas").at(1),
          .eps = json.at("eps"),
          .weight_decay = json.at("weight_decay")};
}

}  // namespace onestep::testing
