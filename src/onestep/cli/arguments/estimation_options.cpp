#include "onestep/cli/arguments/estimation_options.h"

#include "onestep/cli/arguments/command_line.h"
#include "onestep/cli/arguments/values.h"
#include "onestep/cli/terminal/messages.h"
#include "onestep/models/config/model_index.h"

#include <limits>
#include <vector>

namespace onestep {
namespace {

constexpr std::uint64_t kUnlimited = std::numeric_limits<std::uint64_t>::max();
constexpr std::uint64_t kMostMembers = 1024;

int count_of(const std::string& option,
             const std::string& text,
             std::uint64_t lowest,
             std::uint64_t highest) {
  return static_cast<int>(whole_number(option, text, lowest, highest));
}

void declare_pipeline(CLI::App& app, PredictOptions& options, const std::string& group) {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> all = {"auto"};
    all.insert(all.end(), pipeline_names().begin(), pipeline_names().end());
    return all;
  }();
  add_value(app,
            {"--pipeline", "NAME",
             alternatives(names) +
                 ": auto (default) is what the checkpoint was made for, e2e the research code's "
                 "single step, e2e-diffusers the same inside diffusers' image processing, marigold "
                 "diffusers' multi-step pipeline; the JSON says which one and why",
             group},
            [&](const auto& option, const auto& text) {
              const std::string& name = one_of(option, text, names);
              options.pipeline.reset();
              if (name != "auto") options.pipeline = pipeline_from_string(name);
            });
}

void declare_steps(CLI::App& app, PredictOptions& options, const std::string& group) {
  add_value(app,
            {"--steps", "N", "denoising steps (default: 1; marigold: the checkpoint's)", group},
            [&](const auto& option, const auto& text) {
              options.steps = count_of(option, text, 1, 1000);
            });
  add_value(app,
            {"--spacing", "NAME",
             "timesteps: " + alternatives(timestep_spacing_names()) +
                 " (default: trailing; marigold: the checkpoint's)",
             group},
            [&](const auto& option, const auto& text) {
              options.spacing =
                  timestep_spacing_from_string(one_of(option, text, timestep_spacing_names()));
            });
  static const std::vector<std::string> types = {"epsilon", "sample", "v_prediction"};
  add_value(
      app,
      {"--prediction-type", "NAME",
       "what the network predicts: " + alternatives(types) + " (default: the checkpoint's)", group},
      [&](const auto& option, const auto& text) {
        options.prediction_type = prediction_type_from_string(one_of(option, text, types));
      });
}

void declare_noise(CLI::App& app, PredictOptions& options, const std::string& group) {
  add_value(app,
            {"--noise", "NAME",
             "what denoising starts from: " + alternatives(noise_kind_names()) +
                 " (default: zeros; marigold: gaussian)",
             group},
            [&](const auto& option, const auto& text) {
              options.noise = noise_kind_from_string(one_of(option, text, noise_kind_names()));
            });
  add_value(app, {"--seed", "N", "of the noise, the same for each photograph (default: 0)", group},
            [&](const auto& option, const auto& text) {
              options.seed = whole_number(option, text, 0, kUnlimited);
            });
}

void declare_ensemble(CLI::App& app, PredictRequest& request, const std::string& group) {
  PredictOptions& options = request.predict;
  add_value(app,
            {"--ensemble", "N", "predictions from N different noises, merged into one (default: 1)",
             group},
            [&](const auto& option, const auto& text) {
              options.ensemble_size = count_of(option, text, 1, kMostMembers);
            });
  add_value(app,
            {"--batch", "N",
             "members of the ensemble that go through the networks together; changes memory and "
             "time, no number beyond rounding (default: 1; 0 leaves it to the program)",
             group},
            [&](const auto& option, const auto& text) {
              options.batch = std::max(1, count_of(option, text, 0, kMostMembers));
            });
  add_value(app,
            {"--align", "NAME",
             "how depth members come to one scale: " + alternatives(depth_alignment_names()) +
                 " (default: reference)",
             group},
            [&](const auto& option, const auto& text) {
              request.alignment_given = true;
              request.predict.alignment =
                  depth_alignment_from_string(one_of(option, text, depth_alignment_names()));
            });
  add_value(app,
            {"--reduction", "NAME",
             "how members become one map: median (default) or mean for depth, closest (default) or "
             "mean for normals",
             group},
            [&](const auto& option, const auto& text) {
              options.reduction = reduction_from_string(one_of(option, text, reduction_names()));
            });
  add_switch(app, "--uncertainty", options.uncertainty,
             "also write how far the members disagree; needs --ensemble", group);
}

void declare_resampling(CLI::App& app, PredictOptions& options, const std::string& group) {
  const auto method = [](const auto& option, const auto& text) {
    return resample_from_string(one_of(option, text, resample_names()));
  };
  add_value(app,
            {"--resample", "NAME",
             "resizing of photograph and result: " + alternatives(resample_names()) +
                 " (default: bilinear)",
             group},
            [&options, method](const auto& option, const auto& text) {
              options.resample_input = options.resample_output = method(option, text);
            });
  add_value(app, {"--resample-input", "NAME", "of the photograph alone", group},
            [&options, method](const auto& option, const auto& text) {
              options.resample_input = method(option, text);
            });
  add_value(app, {"--resample-output", "NAME", "of the result alone", group},
            [&options, method](const auto& option, const auto& text) {
              options.resample_output = method(option, text);
            });
}

void declare_sizes(CLI::App& app, PredictOptions& options, const std::string& group) {
  add_value(app,
            {"--processing-res", "N",
             "pixels of the longer side while estimating, 0 for the photograph's own (default: "
             "what the checkpoint was trained at, where it says so, else 768)",
             group},
            [&](const auto& option, const auto& text) {
              options.processing_resolution = count_of(option, text, 0, kMostProcessingResolution);
            });
  declare_resampling(app, options, group);
  add_switch(app, "--match-input,!--no-match-input", options.match_input,
             "give the result the photograph's size (default), or leave it as processed", group);
}

}  // namespace

void declare_estimation(CLI::App& app, PredictRequest& request, const std::string& group) {
  declare_pipeline(app, request.predict, group);
  declare_steps(app, request.predict, group);
  declare_noise(app, request.predict, group);
  declare_ensemble(app, request, group);
  declare_sizes(app, request.predict, group);
  static const std::vector<std::string> lengths = {"2", "77"};
  add_value(app,
            {"--prompt-tokens", "N",
             "length of the empty prompt, 2 or 77 (default: what onestep.json in the checkpoint "
             "says, else 2)",
             group},
            [&](const auto& option, const auto& text) {
              request.load.prompt_tokens = one_of(option, text, lengths) == "2" ? 2 : 77;
            });
}

void check_estimation(const PredictOptions& options) {
  if (options.uncertainty && options.ensemble_size < 2) {
    throw UsageError(
        "--uncertainty: expected an ensemble of at least 2, found 1; add --ensemble N");
  }
}

}  // namespace onestep
