#include "onestep/cli/arguments/command_line.h"

#include "onestep/base/nearest_name.h"
#include "onestep/cli/arguments/other_spellings.h"
#include "onestep/cli/terminal/messages.h"
#include "onestep/cli/terminal/standard_streams.h"

namespace onestep {
namespace {

[[noreturn]] void refuse_option(const CLI::App& app, const std::string& word) {
  const std::string name = word.substr(0, word.find('='));
  const std::string nearest = did_you_mean(name, option_names(app));
  throw UsageError(concatenate("unknown option ", quoted(name),
                               nearest.empty() ? "; see " + app.get_name() + " --help" : nearest));
}

/// The words that CLI11 left over: those before a "--" that begin with a dash are mistyped options.
Arguments checked_words(const CLI::App& app) {
  Arguments words;
  bool options_are_over = false;
  for (const std::string& word : app.remaining()) {
    if (!options_are_over && word == "--") {
      options_are_over = true;
      continue;
    }
    if (!options_are_over && word.size() > 1 && word[0] == '-') refuse_option(app, word);
    words.push_back(word);
  }
  return words;
}

/// A message that begins with one of our names, beginning with what was typed for it.
std::string as_typed(const std::string& message, const TranslatedArguments& arguments) {
  const std::size_t end = message.find(':');
  const auto typed = arguments.typed.find(message.substr(0, end));
  if (end == std::string::npos || typed == arguments.typed.end()) return message;
  return typed->second + " (" + typed->first + ")" + message.substr(end);
}

/// "--model" of "-m,--model".
std::string long_name(const ValueOption& option) {
  return option.names.substr(option.names.find("--"));
}

}  // namespace

std::vector<std::string> option_names(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::Option* option : app.get_options()) {
    for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
    for (const std::string& name : option->get_snames()) names.push_back("-" + name);
  }
  for (const OtherSpelling& spelling : other_spellings()) names.push_back(spelling.theirs);
  return names;
}

void add_value(CLI::App& app,
               const ValueOption& option,
               const std::function<void(const std::string& option, const std::string& text)>& use) {
  const std::string name = long_name(option);
  app.add_option_function<std::string>(
         option.names, [name, use](const std::string& text) { use(name, text); }, option.text)
      ->type_name(option.value)
      ->group(option.group)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
}

void add_values(
    CLI::App& app,
    const ValueOption& option,
    const std::function<void(const std::string& option, const std::string& text)>& use) {
  const std::string name = long_name(option);
  app.add_option_function<std::vector<std::string>>(
         option.names,
         [name, use](const std::vector<std::string>& texts) {
           for (const std::string& text : texts) use(name, text);
         },
         option.text)
      ->type_name(option.value)
      ->group(option.group)
      ->allow_extra_args(false)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
}

void add_switch(CLI::App& app,
                const std::string& names,
                bool& value,
                const std::string& text,
                const std::string& group) {
  app.add_flag(names, value, text)
      ->group(group)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
}

bool parse_arguments(CLI::App& app, const Arguments& arguments, Arguments& words) {
  app.allow_extras();
  app.allow_windows_style_options(false);
  const TranslatedArguments ours = in_our_spelling(arguments);
  try {
    app.parse(Arguments(ours.words.rbegin(), ours.words.rend()));  // CLI11 takes them from the back
  } catch (const CLI::CallForHelp&) {
    print_result(app.help());
    return false;
  } catch (const CLI::ArgumentMismatch& error) {
    const std::string text = error.what();
    throw UsageError(
        as_typed(text.substr(0, text.find(':')) + ": expected a value, found none", ours));
  } catch (const UsageError& error) {
    throw UsageError(as_typed(error.what(), ours));
  } catch (const CLI::ParseError& error) {
    throw UsageError(error.what());
  }
  words = checked_words(app);
  return true;
}

std::string only_word(const CLI::App& app, const Arguments& words, const std::string& what) {
  if (words.empty() || words.front().empty()) {
    throw UsageError(
        concatenate("expected a ", what, ", found none; see ", app.get_name(), " --help"));
  }
  if (words.size() > 1) {
    throw UsageError(concatenate("expected one ", what, ", found ", quoted(words[0]), " and ",
                                 quoted(words[1])));
  }
  return words.front();
}

std::string quoted(const std::string& word) {
  return "\"" + word + "\"";
}

}  // namespace onestep
