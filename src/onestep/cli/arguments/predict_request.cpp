#include "onestep/cli/arguments/predict_request.h"

#include "onestep/cli/arguments/command_line.h"
#include "onestep/cli/arguments/estimation_options.h"
#include "onestep/cli/arguments/help.h"
#include "onestep/cli/arguments/other_spellings.h"
#include "onestep/cli/arguments/predict_help.h"
#include "onestep/cli/arguments/values.h"
#include "onestep/cli/terminal/messages.h"
#include "onestep/cli/torch/torch_parts.h"
#include "onestep/geometry/normal_frame.h"
#include "onestep/io/float_images/exr.h"
#include "onestep/viz/colour_map.h"

#include <algorithm>
#include <cctype>
#include <string_view>

namespace onestep {
namespace {

constexpr char kMain[] = "What to do";
constexpr char kOutput[] = "What to write";
constexpr char kMachine[] = "The machine";
constexpr char kHidden[] = "";

/// Marigold's scripts write "Spectral".
std::string lower_case(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

std::string among(std::span<const std::string> names) {
  return alternatives(names);
}

void declare_main(CLI::App& app, PredictRequest& request) {
  add_values(app,
             {"-m,--model", "MODEL",
              "checkpoint folder or repository; give one for depth and one for normals to get both "
              "(default: the two small models that come with the program)",
              kMain},
             [&](const auto&, const auto& text) { request.models.push_back(text); });
  add_values(app, {"--input", "PATH", "one more input", kHidden},
             [&](const auto&, const auto& text) { request.inputs.emplace_back(text); });
  add_value(
      app,
      {"-o,--output", "FOLDER", "where the results go (default: out); made when missing", kMain},
      [&](const auto&, const auto& text) { request.output.folder = text; });
  static const std::vector<std::string> modalities = {"auto", "depth", "normals"};
  add_value(app,
            {"--modality", "NAME",
             "auto (default: what the checkpoint declares), depth or normals: the checkpoint is "
             "read as that; without -m, that one alone of the bundled models",
             kMain},
            [&](const auto& option, const auto& text) {
              const std::string& name = one_of(option, text, modalities);
              request.load.modality.reset();
              if (name != "auto") {
                request.load.modality = name == "depth" ? Modality::depth : Modality::normals;
              }
            });
}

void declare_files(CLI::App& app, PredictRequest& request) {
  app.add_flag_callback(
         "-0,--null", [&] { request.list_separator = NameSeparator::null; },
         "the names on standard input end with a NUL each, as find -print0 writes them")
      ->group(kMain);
  add_switch(
      app, "--skip-existing", request.skip_existing,
      "leave out photographs whose results all exist, to resume a long run; names are compared "
      "and whether the JSON says depth or normals, no other options",
      kMain);
}

void declare_output(CLI::App& app, PredictRequest& request) {
  add_value(app,
            {"--formats", "LIST",
             "of " + among(output_format_names()) + ", with commas (default: npy,png16,color,json)",
             kOutput},
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
              const std::string lower = lower_case(text);
              const auto names = colour_map_names();
              const bool known = std::find(names.begin(), names.end(), lower) != names.end();
              request.output.colour_map = one_of(option, known ? lower : text, names);
            });
  add_value(
      app,
      {"--sheet", "FILE",
       "also one picture, .png or .jpg: the first 64 photographs, each beside its maps", kOutput},
      [&](const auto& option, const auto& text) {
        request.sheet = text;
        const std::string ending = request.sheet.extension().native();
        if (ending == ".png" || ending == ".jpg") return;
        throw UsageError(concatenate(option, ": expected a name that ends in .png or .jpg, ",
                                     "found ", quoted(text)));
      });
  add_switch(app, "--save-intermediates", request.output.intermediates,
             "also write what the networks saw and returned", kOutput);
  add_switch(app, "--json", request.json,
             "print one JSON object for each photograph instead of a file's name", kOutput);
  add_switch(app, "--profile", request.predict.profile,
             "print to stderr where the time of each photograph went, by stage and operation",
             kOutput);
  add_switch(app, "-q,--quiet", request.quiet, "no progress display; failures are always shown",
             kOutput);
}

/// How normals are told; depth has no such choice.
void declare_normals(CLI::App& app, PredictRequest& request) {
  static const std::vector<std::string> frames = [] {
    std::vector<std::string> all = {"model"};
    all.insert(all.end(), normal_frame_names().begin(), normal_frame_names().end());
    return all;
  }();
  add_value(app,
            {"--normal-frame", "NAME",
             "axes of normals: " + alternatives(frames) +
                 "; model (default) keeps the checkpoint's own; dsine: x left, y up, z to the "
                 "viewer; opengl: x right, y up, z to the viewer; opencv: x right, y down, z away "
                 "from the viewer; the JSON says which one",
             kOutput},
            [&](const auto& option, const auto& text) {
              const std::string& name = one_of(option, text, frames);
              request.normals.frame.reset();
              if (name != "model") request.normals.frame = normal_frame_from_string(name);
            });
  add_switch(app, "--unit-normals", request.normals.unit,
             "normalise again after the last resize, which e2e checkpoints leave out", kOutput);
}

/// "cuda:12".
bool is_numbered_gpu(const std::string& text) {
  constexpr std::string_view kGpu = "cuda:";
  return text.starts_with(kGpu) && text.size() > kGpu.size() && text.size() <= kGpu.size() + 2 &&
         text.find_first_not_of("0123456789", kGpu.size()) == std::string::npos;
}

void declare_device(CLI::App& app, PredictRequest& request) {
  static const std::vector<std::string> names = {"cpu", "torch-cpu", "cuda", "cuda:1"};
  add_value(app,
            {"--device", "NAME",
             "what computes: cpu (default; our own kernels), cuda or cuda:N (a GPU), torch-cpu "
             "(libtorch on the CPU, to compare); all in float32, all but cpu in the program "
             "onestep-torch alone",
             kMachine},
            [&](const auto& option, const auto& text) {
              request.device = is_numbered_gpu(text) ? text : one_of(option, text, names);
            });
}

/// Options of our own kernels, which another device does not use.
void check_device(const PredictRequest& request) {
  if (request.device == "cpu") return;
  const auto refuse = [&](const char* option) {
    throw UsageError(concatenate(option, ": expected --device cpu, found ", request.device));
  };
  if (!request.load.cpu.simd.empty()) refuse("--simd");
  if (request.load.cpu.conv_algorithm != ConvAlgorithm::automatic) refuse("--conv-algorithm");
}

void declare_machine(CLI::App& app, PredictRequest& request) {
  LoadOptions& load = request.load;
  constexpr std::uint64_t kMostThreads = 1024;
  declare_device(app, request);
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
  add_switch(app, "--fp16", request.half_precision,
             "the same as --variant fp16: smaller files, the same arithmetic (float32)", kMachine);
  add_value(app, {"--simd", "NAME", "instruction set of the kernels", kHidden},
            [&](const auto& option, const auto& text) {
              load.cpu.simd = one_of(option, text, cpu_simd_targets());
            });
  static const std::vector<std::string> algorithms = {"automatic", "direct", "tiles"};
  add_value(app, {"--conv-algorithm", "NAME", "how convolutions are computed", kHidden},
            [&](const auto& option, const auto& text) {
              const std::string& name = one_of(option, text, algorithms);
              load.cpu.conv_algorithm = name == "direct"  ? ConvAlgorithm::direct
                                        : name == "tiles" ? ConvAlgorithm::tiles
                                                          : ConvAlgorithm::automatic;
            });
}

void check_request(const PredictRequest& request) {
  if (request.inputs.empty()) {
    throw UsageError("expected photographs or folders, found none; see onestep predict --help");
  }
  const auto& models = request.models;
  if (std::count(models.begin(), models.end(), "") > 0) {
    throw UsageError(
        "-m: expected a checkpoint folder or repository, found \"\"; for example "
        "-m GonzaloMG/marigold-e2e-ft-depth, or no -m for the models that come with the program");
  }
  if (!request.sheet.empty() && request.output.formats.count(OutputFormat::color) == 0) {
    throw UsageError("--sheet: expected color among --formats, found none; add it");
  }
  if (request.output.folder.empty()) throw UsageError("-o: expected a folder, found \"\"");
  check_device(request);
  check_estimation(request.predict);
}

void declare(CLI::App& app, PredictRequest& request) {
  app.formatter(make_help_formatter());
  app.footer(predict_footer());
  app.set_help_flag("-h,--help", "this text")->group(kMain);
  declare_main(app, request);
  declare_files(app, request);
  declare_estimation(app, request, "How to estimate");
  declare_output(app, request);
  declare_normals(app, request);
  declare_machine(app, request);
}

}  // namespace

std::vector<std::string> predict_option_names() {
  PredictRequest request;
  CLI::App app(kPredictDescription, "onestep predict");
  declare(app, request);
  auto names = option_names(app);
  for (const RefusedSpelling& refused : refused_spellings()) names.push_back(refused.theirs);
  return names;
}

std::optional<PredictRequest> parse_predict(const Arguments& arguments) {
  PredictRequest request;
  request.output.folder = "out";
  CLI::App app(kPredictDescription, "onestep predict");
  declare(app, request);

  Arguments inputs;
  if (!parse_arguments(app, arguments, inputs)) return std::nullopt;
  request.inputs.insert(request.inputs.end(), inputs.begin(), inputs.end());
  request.predict.keep_intermediates = request.output.intermediates;
  request.output.uncertainty = request.predict.uncertainty;
  const bool both_bundled = request.models.empty() && !request.load.modality;
  request.output.modality_in_every_name = both_bundled || request.models.size() > 1;
  if (request.half_precision && request.load.variant.empty()) request.load.variant = "fp16";
  check_request(request);
  if (request.output.formats.count(OutputFormat::exr) > 0) require_exr();
  if (request.device != "cpu") {
    request.load.engine = make_device_engine(request.device, request.load.cpu);
  }
  return request;
}

}  // namespace onestep
