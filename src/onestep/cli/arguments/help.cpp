#include "onestep/cli/arguments/help.h"

#include <sstream>

namespace onestep {
namespace {

constexpr std::size_t kTextColumn = 30;
constexpr std::size_t kLineWidth = 96;

/// `text` with line breaks between words, each line after the first one indented.
std::string wrapped(const std::string& text) {
  std::istringstream words(text);
  std::string result;
  std::string word;
  std::size_t column = kTextColumn;
  while (words >> word) {
    if (column > kTextColumn && column + 1 + word.size() > kLineWidth) {
      result += "\n" + std::string(kTextColumn, ' ');
      column = kTextColumn;
    } else if (column > kTextColumn) {
      result += " ";
      ++column;
    }
    result += word;
    column += word.size();
  }
  return result;
}

/// "  -m, --model FOLDER".
std::string left_side(const CLI::Option& option) {
  std::string text = "  ";
  for (const std::string& name : option.get_snames()) text += "-" + name + ", ";
  if (option.get_snames().empty()) text += "    ";
  bool first = true;
  for (const std::string& name : option.get_lnames()) {
    text += (first ? "--" : ", --") + name;
    first = false;
  }
  if (!option.get_type_name().empty()) text += " " + option.get_type_name();
  return text;
}

std::string option_help(const CLI::Option& option) {
  std::string left = left_side(option);
  if (left.size() + 2 > kTextColumn) {
    left += "\n" + std::string(kTextColumn, ' ');
  } else {
    left.resize(kTextColumn, ' ');
  }
  return left + wrapped(option.get_description()) + "\n";
}

std::string command_help(const CLI::App* app, const std::string&, CLI::AppFormatMode) {
  std::string text = app->get_description();
  for (const std::string& group : app->get_groups()) {
    if (group.empty()) continue;  // hidden
    text += "\n" + group + ":\n";
    for (const CLI::Option* option : app->get_options()) {
      if (option->get_group() == group) text += option_help(*option);
    }
  }
  text += app->get_footer();
  return text;
}

}  // namespace

std::string overview() {
  return R"(onestep: depth and surface normals from one photograph, in one denoising step.

Usage:
  onestep predict INPUT... [-m MODEL] [-o FOLDER] [options]
  onestep train RECIPE -o FOLDER [options]
  onestep scenes -o FOLDER [options]
  onestep inspect MODEL [--size WIDTHxHEIGHT] [--json]
  onestep licences

Commands:
  predict     photographs (files, or folders of them) to depth or normals
  train       a recipe and pictures to a checkpoint that predict takes; onestep-torch alone
  scenes      pictures of a world that the program makes itself, with exact depth and normals
  inspect     what a checkpoint folder holds, and what one photograph costs on it
  licences    of the program, of what is built into it and of the libraries that it loads

Options:
  -h, --help  this text; "onestep predict --help" lists the options of a command
  --version   the version; instruction sets and threads that it has here, best first; optional
              parts; bundled models

A MODEL is a checkpoint folder as diffusers saves it (model_index.json, unet, vae, text_encoder,
scheduler, tokenizer) with .safetensors weights, or ORG/NAME, a repository in the local Hugging Face
cache. Without -m predict uses two small models that come with the program, one for depth and one
for normals.

onestep-torch is this program with libtorch: the same commands, train, and GPUs for predict
(--device). ./run train fetches libtorch and builds it.

Exit status: 0 all done, 1 something failed (one line on stderr says what), 2 the command was typed
wrongly, and nothing was done.)";
}

std::shared_ptr<CLI::FormatterBase> make_help_formatter() {
  return std::make_shared<CLI::FormatterLambda>(command_help);
}

}  // namespace onestep
