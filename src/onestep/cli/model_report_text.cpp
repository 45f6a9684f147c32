#include "onestep/base/check.h"
#include "onestep/cli/model_report.h"
#include "onestep/cli/terminal/messages.h"

#include <nlohmann/json.hpp>

#include <iomanip>
#include <sstream>

namespace onestep {
namespace {

using Json = nlohmann::ordered_json;

constexpr double kTera = 1e12;

/// A multiply-add counts as two operations.
double teraflop(double multiply_adds) {
  return 2 * multiply_adds / kTera;
}

std::string rounded(double value, int digits) {
  std::ostringstream text;
  text << std::fixed << std::setprecision(digits) << value;
  return text.str();
}

/// Three digits at least, whatever the size.
std::string operations(double multiply_adds) {
  const double tera = teraflop(multiply_adds);
  if (tera >= 0.1) return rounded(tera, tera < 10 ? 2 : 1) + " TFLOP";
  return rounded(tera * 1000, tera < 0.001 ? 3 : 1) + " GFLOP";
}

std::string size_in_bytes(std::int64_t bytes) {
  constexpr double kMebibyte = 1024.0 * 1024.0;
  const double mebibytes = static_cast<double>(bytes) / kMebibyte;
  if (mebibytes < 1024) return rounded(mebibytes, mebibytes < 10 ? 1 : 0) + " MiB";
  return rounded(mebibytes / 1024, 2) + " GiB";
}

std::string parameter_count(std::int64_t parameters) {
  const auto count = static_cast<double>(parameters);
  return (count < 1e6 ? rounded(count / 1e3, 1) + " thousand"
                      : rounded(count / 1e6, 1) + " million");
}

/// "float16", or with several "float16, float32".
std::string dtype_list(const std::map<std::string, std::int64_t>& dtypes) {
  std::string text;
  for (const auto& [dtype, parameters] : dtypes) text += (text.empty() ? "" : ", ") + dtype;
  return text;
}

/// Lines of a label and a value, the values below each other.
class Lines {
 public:
  void add(const std::string& label, const std::string& value) {
    constexpr std::size_t kValueColumn = 16;
    std::string line = label;
    line.resize(std::max(kValueColumn, label.size() + 1), ' ');
    text_ += (text_.empty() ? "" : "\n") + line + one_line(value);
  }
  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

void add_kind(Lines& lines, const ModelReport& report) {
  if (!report.kind) {
    lines.add("predict", "refuses this checkpoint: " + report.refusal);
    return;
  }
  const EstimatorKind& kind = *report.kind;
  lines.add("estimator", kind.name + " (" + kind.reason + ")");
  lines.add("modality", concatenate(kind.modality ? to_string(*kind.modality)
                                                  : "not declared, needs --modality",
                                    " (", kind.modality_reason, ")"));
  if (kind.modality != Modality::depth) {
    lines.add("normal frame", kind.normal_frame + " (" + kind.normal_frame_reason + ")");
  }
}

void add_cost(Lines& lines, const ModelReport& report) {
  if (!report.cost) {
    lines.add("one photograph", "cost unknown: " + report.cost_unknown);
    return;
  }
  const CostReport& cost = *report.cost;
  const CostPlan& plan = cost.plan;
  lines.add("one photograph",
            concatenate("as networks see it ", cost.size.width, "x", cost.size.height, ", ",
                        cost.steps, cost.steps == 1 ? " step, " : " steps, ", cost.threads,
                        cost.threads == 1 ? " thread" : " threads", ", device cpu"));
  lines.add("  operations", concatenate(operations(plan.multiply_adds), " (encoder ",
                                        operations(plan.encoder_multiply_adds), ", unet ",
                                        operations(plan.unet_multiply_adds), ", decoder ",
                                        operations(plan.decoder_multiply_adds), ")"));
  lines.add("  peak memory", concatenate(size_in_bytes(plan.peak_bytes), " (packed weights ",
                                         size_in_bytes(plan.prepared_bytes), ", feature maps ",
                                         size_in_bytes(plan.arena_bytes), ")"));
}

Json components_json(const ModelReport& report) {
  Json components = Json::array();
  for (const ComponentReport& component : report.components) {
    components.push_back({{"name", component.name},
                          {"class", component.class_name},
                          {"file", component.file.native()},
                          {"parameters", component.parameters},
                          {"bytes", component.bytes},
                          {"dtypes", component.dtypes}});
  }
  return components;
}

Json scheduler_json(const SchedulerReport& scheduler) {
  const DdimConfig& config = scheduler.config;
  return {{"class", scheduler.class_name},
          {"timestep_spacing", to_string(config.timestep_spacing)},
          {"prediction_type", to_string(config.prediction_type)},
          {"num_train_timesteps", config.num_train_timesteps},
          {"beta_schedule", to_string(config.beta_schedule)},
          {"beta_start", config.beta_start},
          {"beta_end", config.beta_end},
          {"zero_terminal_snr", config.rescale_betas_zero_snr}};
}

Json estimator_json(const ModelReport& report) {
  if (!report.kind) return nullptr;
  return {{"name", report.kind->name}, {"reason", report.kind->reason}};
}

Json modality_json(const ModelReport& report) {
  if (!report.kind) return nullptr;
  const auto& modality = report.kind->modality;
  return {{"name", modality ? Json(to_string(*modality)) : Json(nullptr)},
          {"reason", report.kind->modality_reason}};
}

Json normal_frame_json(const ModelReport& report) {
  if (!report.kind || report.kind->modality == Modality::depth) return nullptr;
  return {{"name", report.kind->normal_frame}, {"reason", report.kind->normal_frame_reason}};
}

Json cost_json(const ModelReport& report) {
  if (!report.cost) return {{"unknown", report.cost_unknown}};
  const CostReport& cost = *report.cost;
  const CostPlan& plan = cost.plan;
  return {{"width", cost.size.width},
          {"height", cost.size.height},
          {"steps", cost.steps},
          {"device", "cpu"},
          {"threads", cost.threads},
          {"tflop", teraflop(plan.multiply_adds)},
          {"encoder_tflop", teraflop(plan.encoder_multiply_adds)},
          {"unet_tflop", teraflop(plan.unet_multiply_adds)},
          {"decoder_tflop", teraflop(plan.decoder_multiply_adds)},
          {"peak_bytes", plan.peak_bytes},
          {"prepared_bytes", plan.prepared_bytes},
          {"arena_bytes", plan.arena_bytes}};
}

template <typename T>
Json or_null(const std::optional<T>& value) {
  return value ? Json(*value) : Json(nullptr);
}

}  // namespace

std::string to_text(const ModelReport& report) {
  Lines lines;
  lines.add("model", report.model.native());
  lines.add("pipeline", report.pipeline_class);
  add_kind(lines, report);
  for (const ComponentReport& component : report.components) {
    lines.add(component.name,
              concatenate(component.class_name, ", ", parameter_count(component.parameters),
                          " parameters, ", dtype_list(component.dtypes), ", ",
                          size_in_bytes(component.bytes)));
  }
  lines.add("together", concatenate(parameter_count(report.parameters()), " parameters, ",
                                    size_in_bytes(report.bytes())));
  const DdimConfig& config = report.scheduler.config;
  lines.add("scheduler",
            concatenate(report.scheduler.class_name, ", ", to_string(config.timestep_spacing),
                        " spacing, ", to_string(config.prediction_type), ", betas ",
                        to_string(config.beta_schedule), " ", config.beta_start, " to ",
                        config.beta_end, ", ", config.num_train_timesteps, " timesteps, ",
                        config.rescale_betas_zero_snr ? "" : "no ", "zero terminal SNR"));
  lines.add("defaults", report.processing_pixels > 0
                            ? concatenate("1 step, trailing spacing, about ",
                                          report.processing_pixels, " pixels as networks see them")
                            : concatenate("1 step, trailing spacing, processing resolution ",
                                          report.processing_resolution));
  lines.add("empty prompt", concatenate(report.context_tokens, " tokens"));
  lines.add("licence",
            report.licence_file ? report.licence_file->native() : "no file in the folder");
  add_cost(lines, report);
  return lines.text();
}

std::string to_json(const ModelReport& report) {
  const auto licence = report.licence_file
                           ? std::optional<std::string>(report.licence_file->native())
                           : std::nullopt;
  const Json json = {
      {"model", report.model.native()},
      {"pipeline_class", report.pipeline_class},
      {"predictable", report.refusal.empty()},
      {"refusal", report.refusal.empty() ? Json(nullptr) : Json(report.refusal)},
      {"estimator", estimator_json(report)},
      {"modality", modality_json(report)},
      {"normal_frame", normal_frame_json(report)},
      {"components", components_json(report)},
      {"parameters", report.parameters()},
      {"bytes", report.bytes()},
      {"scheduler", scheduler_json(report.scheduler)},
      {"defaults",
       {{"steps", report.steps},
        {"processing_resolution", report.processing_resolution},
        {"processing_pixels",
         report.processing_pixels > 0 ? Json(report.processing_pixels) : Json(nullptr)},
        {"checkpoint_steps", or_null(report.checkpoint_steps)}}},
      {"context_tokens", report.context_tokens},
      {"licence_file", or_null(licence)},
      {"cost", cost_json(report)}};
  // File names need not be UTF-8.
  return json.dump(2, ' ', false, Json::error_handler_t::replace);
}

}  // namespace onestep
