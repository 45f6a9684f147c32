#include "onestep/cli/arguments/predict_request.h"

#include "onestep/cli/arguments/command_line.h"
#include "onestep/cli/arguments/help.h"
#include "onestep/cli/arguments/values.h"
#include "onestep/cli/terminal/messages.h"
#include "onestep/viz/colour_map.h"

#include <limits>

namespace onestep {
namespace {

constexpr char kDescription[] = R"(Depth or surface normals of photographs.

Usage: onestep predict INPUT... -m MODEL [-o FOLDER] [options]

  INPUT...  PNG or JPEG files, and folders whose PNG and JPEG files are taken
  MODEL     a checkpoint folder as diffusers saves it, with .safetensors weights

Prints the first file written of each photograph, one a line; everything else goes to stderr.
Ctrl-C stops within a second and leaves no half-written file.
)";

constexpr char kFooter[] = R"(
Files written for photo.jpg:
  photo_depth.npy             npy    float32 [H,W]: 0 nearest, 1 farthest (affine-invariant)
  photo_depth.png             png16  the same in 16 bit
  photo_depth_color.png       color  the same through --color-map
  photo_normals.npy           npy    float32 [H,W,3]: x, y, z in the frame that the JSON names
  photo_normals.png           color  the same in 8 bit colours
  photo.json                  json   what the numbers mean, model, options, seconds, memory
  photo_intermediates.safetensors    with --save-intermediates

Examples:
  onestep predict photo.jpg -m e2e-depth
  onestep predict holiday/ -m e2e-normals -o normals --formats npy,color
  onestep predict photo.jpg -m e2e-depth --processing-res 0 --json)";

constexpr std::uint64_t kUnlimited = std::numeric_limits<std::uint64_t>::max();
constexpr char kMain[] = "What to do";
constexpr char kEstimation[] = "How to estimate";
constexpr char kOutput[] = "What to write";
constexpr char kMachine[] = "The machine";
constexpr char kHidden[] = "";

std::string among(std::span<const std::string> names) {
  return alternatives(names);
}

void declare_main(CLI::App& app, PredictRequest& request) {
  add_value(app, {"-m,--model", "MODEL", "checkpoint folder", kMain},
            [&](const auto&, const auto& text) { request.model = text; });
  add_value(
      app,
      {"-o,--output", "FOLDER", "where the results go (default: out); made when missing", kMain},
      [&](const auto&, const auto& text) { request.output.folder = text; });
  static const std::vector<std::string> modalities = {"auto", "depth", "normals"};
  add_value(app,
            {"--modality", "NAME",
             "auto (default: what the checkpoint declares), depth or normals: the checkpoint is "
             "read as that",
             kMain},
            [&](const auto& option, const auto& text) {
              const std::string& name = one_of(option, text, modalities);
              request.load.modality.reset();
              if (name != "auto") {
                request.load.modality = name == "depth" ? Modality::depth : Modality::normals;
              }
            });
}

void declare_steps(CLI::App& app, PredictOptions& options) {
  add_value(app, {"--steps", "N", "denoising steps (default: 1)", kEstimation},
            [&](const auto& option, const auto& text) {
              options.steps = static_cast<int>(whole_number(option, text, 1, 1000));
            });
  add_value(app,
            {"--spacing", "NAME",
             "timesteps: " + among(timestep_spacing_names()) + " (default: trailing)", kEstimation},
            [&](const auto& option, const auto& text) {
              options.spacing =
                  timestep_spacing_from_string(one_of(option, text, timestep_spacing_names()));
            });
  add_value(app,
            {"--noise", "NAME",
             "what denoising starts from: " + among(noise_kind_names()) + " (default: zeros)",
             kEstimation},
            [&](const auto& option, const auto& text) {
              options.noise = noise_kind_from_string(one_of(option, text, noise_kind_names()));
            });
  add_value(
      app,
      {"--seed", "N", "of gaussian noise, the same for each photograph (default: 0)", kEstimation},
      [&](const auto& option, const auto& text) {
        options.seed = whole_number(option, text, 0, kUnlimited);
      });
}

void declare_sizes(CLI::App& app, PredictOptions& options) {
  constexpr std::uint64_t kLongestSide = 32768;
  add_value(app,
            {"--processing-res", "N",
             "pixels of the longer side while estimating, 0 for the photograph's own (default: "
             "the checkpoint's, else 768)",
             kEstimation},
            [&](const auto& option, const auto& text) {
              options.processing_resolution =
                  static_cast<int>(whole_number(option, text, 0, kLongestSide));
            });
  add_value(
      app,
      {"--resample", "NAME",
       "resizing of photograph and result: " + among(resample_names()) + " (default: bilinear)",
       kEstimation},
      [&](const auto& option, const auto& text) {
        options.resample_input = resample_from_string(one_of(option, text, resample_names()));
        options.resample_output = options.resample_input;
      });
  add_switch(app, "--match-input,!--no-match-input", options.match_input,
             "give the result the photograph's size (default), or leave it as processed",
             kEstimation);
}

void declare_estimation(CLI::App& app, PredictRequest& request) {
  declare_steps(app, request.predict);
  declare_sizes(app, request.predict);
  static const std::vector<std::string> lengths = {"2", "77"};
  add_value(app,
            {"--prompt-tokens", "N",
             "length of the empty prompt, 2 or 77 (default: what onestep.json in the checkpoint "
             "says, else 2)",
             kEstimation},
            [&](const auto& option, const auto& text) {
              request.load.prompt_tokens = one_of(option, text, lengths) == "2" ? 2 : 77;
            });
}

void declare_output(CLI::App& app, PredictRequest& request) {
  add_value(
      app,
      {"--formats", "LIST",
       "of " + among(output_format_names()) + ", with commas (default: all of them)", kOutput},
      [&](const auto& option, const auto& text) {
        request.output.formats.clear();
        for (const std::string& name : list_of(option, text, output_format_names())) {
          request.output.formats.insert(output_format_from_string(name));
        }
      });
  add_value(app,
            {"--color-map", "NAME",
             "of depth: " + among(colour_map_names()) + " (default: spectral)", kOutput},
            [&](const auto& option, const auto& text) {
              request.output.colour_map = one_of(option, text, colour_map_names());
            });
  add_switch(app, "--save-intermediates", request.output.intermediates,
             "also write what the networks saw and returned", kOutput);
  add_switch(app, "--json", request.json,
             "print one JSON object for each photograph instead of a file's name", kOutput);
  add_switch(app, "-q,--quiet", request.quiet, "no progress display; failures are always shown",
             kOutput);
}

void declare_machine(CLI::App& app, LoadOptions& load) {
  constexpr std::uint64_t kMostThreads = 1024;
  add_value(app, {"--threads", "N", "0 (default): one for each processor", kMachine},
            [&](const auto& option, const auto& text) {
              load.cpu.threads = static_cast<int>(whole_number(option, text, 0, kMostThreads));
            });
  add_value(
      app, {"--variant", "NAME", "prefer weight files of this variant, for example fp16", kMachine},
      [&](const auto& option, const auto& text) {
        if (text.empty() || text.find('/') != std::string::npos) {
          throw UsageError(
              concatenate(option, ": expected a name such as fp16, found ", quoted(text)));
        }
        load.variant = text;
      });
  add_value(app, {"--simd", "NAME", "instruction set of the kernels", kHidden},
            [&](const auto& option, const auto& text) {
              load.cpu.simd = one_of(option, text, cpu_simd_targets());
            });
  static const std::vector<std::string> algorithms = {"automatic", "direct", "phases"};
  add_value(app, {"--conv-algorithm", "NAME", "how convolutions are computed", kHidden},
            [&](const auto& option, const auto& text) {
              const std::string& name = one_of(option, text, algorithms);
              load.cpu.conv_algorithm = name == "direct"   ? ConvAlgorithm::direct
                                        : name == "phases" ? ConvAlgorithm::phases
                                                           : ConvAlgorithm::automatic;
            });
}

}  // namespace

std::optional<PredictRequest> parse_predict(const Arguments& arguments) {
  PredictRequest request;
  request.output.folder = "out";
  CLI::App app(kDescription, "onestep predict");
  app.formatter(make_help_formatter());
  app.footer(kFooter);
  app.set_help_flag("-h,--help", "this text")->group(kMain);
  declare_main(app, request);
  declare_estimation(app, request);
  declare_output(app, request);
  declare_machine(app, request.load);

  Arguments inputs;
  if (!parse_arguments(app, arguments, inputs)) return std::nullopt;
  request.inputs.assign(inputs.begin(), inputs.end());
  request.predict.keep_intermediates = request.output.intermediates;
  if (request.inputs.empty()) {
    throw UsageError("expected photographs or folders, found none; see onestep predict --help");
  }
  if (request.model.empty()) {
    throw UsageError("-m: expected a checkpoint folder, found none; see onestep predict --help");
  }
  if (request.output.folder.empty()) throw UsageError("-o: expected a folder, found \"\"");
  return request;
}

}  // namespace onestep
