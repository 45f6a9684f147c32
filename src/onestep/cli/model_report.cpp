#include "onestep/cli/model_report.h"

#include "onestep/base/check.h"
#include "onestep/base/thread_pool.h"
#include "onestep/pipelines/scheduling/scheduler_config.h"

namespace onestep {
namespace {

constexpr int kDefaultResolution = 768;

ComponentReport component_report(const DiffusersFolder& folder, const std::string& name) {
  ComponentReport report;
  report.name = name;
  const auto& classes = folder.index().components;
  if (const auto found = classes.find(name); found != classes.end()) {
    report.class_name = found->second;
  }
  report.file = folder.weights(name).path;
  for (const auto& [key, tensor] : folder.read_state(name)) {
    report.parameters += tensor.elements();
    report.bytes += tensor.bytes();
    report.dtypes[std::string(to_string(tensor.dtype()))] += tensor.elements();
  }
  return report;
}

ImageSize default_size(const ModelReport& report) {
  if (report.processing_pixels > 0) return size_of_area(3, 4, report.processing_pixels);
  const int resolution = report.processing_resolution;
  return {std::max(1, resolution * 3 / 4), resolution};
}

CostReport cost_report(const DiffusersFolder& folder,
                       const ModelReport& report,
                       const ReportOptions& options) {
  CostReport cost;
  cost.size = options.size.value_or(default_size(report));
  cost.steps = report.steps;
  cost.threads = options.threads > 0 ? options.threads : available_processors();
  cost.plan = plan_cost(folder, cost.size.height, cost.size.width, cost.steps,
                        report.context_tokens, cost.threads);
  return cost;
}

}  // namespace

std::int64_t ModelReport::parameters() const {
  std::int64_t total = 0;
  for (const ComponentReport& component : components) total += component.parameters;
  return total;
}

std::int64_t ModelReport::bytes() const {
  std::int64_t total = 0;
  for (const ComponentReport& component : components) total += component.bytes;
  return total;
}

ModelReport model_report(const std::filesystem::path& model, const ReportOptions& options) {
  const auto folder = DiffusersFolder::open(model, options.variant);
  const ModelIndex& index = folder.index();
  ModelReport report;
  report.model = model;
  report.pipeline_class = index.class_name;
  try {
    report.kind = kind_of(folder);
  } catch (const Error& error) {
    report.refusal = error.what();
  }
  for (const char* name : {"unet", "vae", "text_encoder"}) {
    report.components.push_back(component_report(folder, name));
  }
  report.scheduler = {folder.scheduler().class_name, ddim_config(folder.scheduler())};
  report.processing_resolution = index.default_processing_resolution.value_or(kDefaultResolution);
  report.processing_pixels = folder.onestep().processing_pixels.value_or(0);
  report.checkpoint_steps = index.default_denoising_steps;
  report.context_tokens = folder.onestep().context_tokens.value_or(2);
  report.licence_file = folder.licence_file();
  try {
    report.cost = cost_report(folder, report, options);
  } catch (const Error& error) {
    report.cost_unknown = error.what();
  }
  return report;
}

}  // namespace onestep
