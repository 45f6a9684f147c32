#include "onestep/cli/commands.h"

#include "onestep/backend/cpu/cpu_backend.h"
#include "onestep/base/nearest_name.h"
#include "onestep/base/text/one_line.h"
#include "onestep/base/thread_pool.h"
#include "onestep/cli/arguments/command_line.h"
#include "onestep/cli/arguments/help.h"
#include "onestep/cli/arguments/predict_request.h"
#include "onestep/cli/licences.h"
#include "onestep/cli/terminal/messages.h"
#include "onestep/cli/terminal/standard_streams.h"
#include "onestep/cli/torch/torch_parts.h"
#include "onestep/hub/bundled_models.h"
#include "onestep/io/float_images/exr.h"
#include "onestep/scenes/scenes.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <system_error>

namespace onestep {
namespace {

struct Command {
  std::string name;
  bool (*run)(const Arguments&);
};

bool run_licences(const Arguments& arguments) {
  const bool help = arguments.size() == 1 && (arguments[0] == "--help" || arguments[0] == "-h");
  if (!arguments.empty() && !help) {
    throw UsageError(concatenate("licences: expected nothing more, found ", quoted(arguments[0])));
  }
  print_result(help
                   ? std::string("The licences of the program, of what is built into it and of the "
                                 "libraries that it loads.\n\nUsage: onestep licences")
                   : licences_text());
  return true;
}

const std::array<Command, 5>& commands() {
  static const std::array<Command, 5> all = {{
      {"predict", run_predict},
      {"train", run_train},
      {"scenes", run_scenes},
      {"inspect", run_inspect},
      {"licences", run_licences},
  }};
  return all;
}

/// "depth, normals in FOLDER", or "none in FOLDER".
std::string bundled_models_text() {
  const std::filesystem::path folder = bundled_models_folder();
  std::string names;
  for (const std::string& name : bundled_model_names()) {
    std::error_code unknown;
    if (!std::filesystem::exists(folder / name / "model_index.json", unknown)) continue;
    names += (names.empty() ? "" : ", ") + name;
  }
  return concatenate(names.empty() ? "none" : names, " in ", folder.native());
}

/// The first of the instruction sets is the one that is used.
std::string version_text() {
  std::string text = "onestep " ONESTEP_VERSION "\ninstruction sets:";
  for (const std::string& target : cpu_simd_targets()) text += " " + target;
  return concatenate(text, "\nthreads: ", available_processors(), "\noptional parts: exr ",
                     exr_available() ? "yes" : "no", ", scenes ",
                     scene_renderer().empty() ? "no" : "yes", ", torch ",
                     torch_is_built_in() ? "yes" : "no",
                     "\nbundled models: ", one_line(bundled_models_text()));
}

/// Null for a word that is no command.
const Command* command_of(const std::string& name) {
  for (const Command& command : commands()) {
    if (command.name == name) return &command;
  }
  return nullptr;
}

/// Whether somebody typed what predict takes, an option or a file, and not "predict" itself.
bool is_for_predict(const std::string& word) {
  const auto options = predict_option_names();
  const std::string name = word.substr(0, word.find('='));
  std::error_code unknown;
  return std::find(options.begin(), options.end(), name) != options.end() ||
         (!word.empty() && std::filesystem::exists(word, unknown));
}

[[noreturn]] void refuse_command(const std::string& word) {
  const std::string what = word.starts_with("-") ? "unknown option " : "unknown command ";
  std::vector<std::string> names = {"--help", "--version"};
  for (const Command& command : commands()) names.push_back(command.name);
  const std::string nearest = did_you_mean(word, names);
  if (nearest.empty() && is_for_predict(word)) {
    throw UsageError(concatenate(what, quoted(word), "; put \"predict\" before it"));
  }
  throw UsageError(
      concatenate(what, quoted(word), nearest.empty() ? "; see onestep --help" : nearest));
}

}  // namespace

bool run_command(const Arguments& arguments) {
  if (arguments.empty()) throw UsageError("expected a command, found none; see onestep --help");
  const std::string& name = arguments.front();
  if (name == "help" && arguments.size() > 1) return run_command({arguments[1], "--help"});
  if (name == "--help" || name == "-h" || name == "help") {
    print_result(overview());
    return true;
  }
  if (name == "--version") {
    print_result(version_text());
    return true;
  }
  const Command* command = command_of(name);
  if (command == nullptr) refuse_command(name);
  return command->run({arguments.begin() + 1, arguments.end()});
}

}  // namespace onestep
