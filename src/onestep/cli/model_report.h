#pragma once

#include "onestep/diffusion/schedule.h"
#include "onestep/models/diffusers_folder.h"
#include "onestep/pipelines/estimator.h"

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace onestep {

/// One network of a checkpoint as its files hold it.
struct ComponentReport {
  std::string name;        ///< "unet"
  std::string class_name;  ///< "UNet2DConditionModel"
  std::filesystem::path file;
  std::int64_t parameters = 0;
  std::int64_t bytes = 0;                      ///< of the tensors in the file
  std::map<std::string, std::int64_t> dtypes;  ///< "float16" -> parameters
};

/// The scheduler as the checkpoint's file has it, missing keys filled in.
struct SchedulerReport {
  std::string class_name;
  DdimConfig config;
};

/// What one photograph costs whose network input has this size.
struct CostReport {
  ImageSize size;
  int steps = 1;
  int threads = 1;
  CostPlan plan;
};

/// What `onestep inspect` tells of a checkpoint folder.
struct ModelReport {
  std::filesystem::path model;
  std::string pipeline_class;
  std::optional<EstimatorKind> kind;
  std::string refusal;  ///< why predict does not take it; empty when it does
  std::vector<ComponentReport> components;
  SchedulerReport scheduler;
  int steps = 1;
  int processing_resolution = 768;
  int processing_pixels = 0;            ///< above 0: in place of the resolution
  std::optional<int> checkpoint_steps;  ///< default_denoising_steps of model_index.json
  int context_tokens = 2;
  std::optional<std::filesystem::path> licence_file;
  std::optional<CostReport> cost;
  std::string cost_unknown;  ///< why there is none

  std::int64_t parameters() const;
  std::int64_t bytes() const;
};

/// How `inspect` was asked.
struct ReportOptions {
  std::optional<ImageSize> size;  ///< absent: a 4:3 photograph at the default resolution
  int threads = 0;                ///< 0: one for each processor
  std::string variant;
};

/// Reads headers and configurations; weights are not read. Throws Error when the folder is no
/// readable checkpoint.
ModelReport model_report(const std::filesystem::path& model, const ReportOptions& options);

/// For people: a few aligned lines.
std::string to_text(const ModelReport& report);

/// For programs: one object.
std::string to_json(const ModelReport& report);

}  // namespace onestep
