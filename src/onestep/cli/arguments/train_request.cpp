#include "onestep/cli/arguments/train_request.h"

#include "onestep/cli/arguments/command_line.h"
#include "onestep/cli/arguments/help.h"
#include "onestep/cli/arguments/values.h"
#include "onestep/cli/terminal/messages.h"

namespace onestep {
namespace {

constexpr char kDescription[] =
    R"(Trains an estimator of depth or normals, end to end through the frozen image decoder.

Usage: onestep train RECIPE -o FOLDER [--data MANIFEST] [--init MODEL] [options]

RECIPE is a JSON file; docs/training.md has its keys, recipes/ some to begin with. FOLDER gets model/
(a diffusers folder, for predict and for diffusers), checkpoints/, log.jsonl, validation/ and the
recipe as it was resolved. Ctrl-C writes a checkpoint; --resume goes on from the newest one, to the
same bits as a run that was never interrupted.

Needs the program onestep-torch, which is linked to libtorch: ./run train fetches libtorch and
builds it, as building with -DONESTEP_TORCH=ON does with one that is there.
)";

constexpr char kFooter[] = R"(
Examples:
  ./run train recipes/quickstart.json -o quickstart
  ./run train recipes/e2e_depth_from_sd.json --init stable-diffusion-2 --data train.jsonl -o depth
  ./run train recipes/e2e_depth_from_sd.json --init stable-diffusion-2 --data train.jsonl -o depth \
      --resume --set steps=30000)";

constexpr char kOptions[] = "Options";

void declare_files(CLI::App& app, TrainCommand& command) {
  add_value(app, {"-o,--output", "FOLDER", "where the run lives", kOptions},
            [&](const auto&, const auto& text) { command.folder = text; });
  add_value(app,
            {"--data", "FILE", "a manifest (JSONL, CSV) in place of the recipe's data", kOptions},
            [&](const auto&, const auto& text) { command.data = text; });
  add_value(app,
            {"--init", "MODEL",
             "a diffusers folder, or a repository of the Hugging Face cache, in place of the "
             "recipe's init",
             kOptions},
            [&](const auto&, const auto& text) { command.init = text; });
  add_values(app,
             {"--set", "KEY=VALUE",
              "changes a key of the recipe: optimizer.lr=1e-4; may be repeated", kOptions},
             [&](const auto&, const auto& text) { command.changes.push_back(text); });
  add_switch(app, "--resume", command.resume,
             "go on from the newest checkpoint of FOLDER; begin where there is none", kOptions);
  add_switch(app, "--plan", command.plan, "print the memory that the recipe needs, and do nothing",
             kOptions);
}

void declare_machine(CLI::App& app, TrainCommand& command) {
  add_value(app, {"--device", "NAME", "cpu (default), cuda or cuda:N", kOptions},
            [&](const auto& option, const auto& text) {
              if (!text.starts_with("cuda") && text != "cpu") {
                throw UsageError(
                    concatenate(option, ": expected cpu, cuda or cuda:N, found ", quoted(text)));
              }
              command.device = text;
            });
  add_value(app,
            {"--threads", "N", "of one operation, 0 (default): one for each processor", kOptions},
            [&](const auto& option, const auto& text) {
              command.threads = static_cast<int>(whole_number(option, text, 0, 1024));
            });
  add_value(app, {"--workers", "N", "threads that read pictures ahead (default 2)", kOptions},
            [&](const auto& option, const auto& text) {
              command.workers = static_cast<int>(whole_number(option, text, 1, 256));
            });
  add_switch(app, "-q,--quiet", command.quiet, "no progress, only failures", kOptions);
}

}  // namespace

std::optional<TrainCommand> parse_train(const Arguments& arguments) {
  TrainCommand command;
  CLI::App app(kDescription, "onestep train");
  app.formatter(make_help_formatter());
  app.footer(kFooter);
  app.set_help_flag("-h,--help", "this text")->group(kOptions);
  declare_files(app, command);
  declare_machine(app, command);
  Arguments words;
  if (!parse_arguments(app, arguments, words)) return std::nullopt;
  command.recipe = only_word(app, words, "recipe");
  if (command.folder.empty() && !command.plan) {
    throw UsageError("-o: expected a folder for the run, found none");
  }
  return command;
}

}  // namespace onestep
