#pragma once

#include "onestep/cli/commands.h"

#include <CLI/CLI.hpp>

#include <functional>
#include <string>
#include <vector>

namespace onestep {

/// Names and text of an option that takes a value; `group` is a heading of the help, empty hides
/// it.
struct ValueOption {
  std::string names;  ///< "-m,--model"
  std::string value;  ///< "FOLDER"
  std::string text;
  std::string group;
};

/// Declares an option whose value `use(option, text)` judges; the last one of several counts.
void add_value(CLI::App& app,
               const ValueOption& option,
               const std::function<void(const std::string& option, const std::string& text)>& use);

/// Declares an option that may be given several times: `use(option, text)` judges each in turn.
void add_values(CLI::App& app,
                const ValueOption& option,
                const std::function<void(const std::string& option, const std::string& text)>& use);

/// Declares a switch.
void add_switch(CLI::App& app,
                const std::string& names,
                bool& value,
                const std::string& text,
                const std::string& group);

/// Parses `arguments` and puts the words that are no options into `words`. False when --help was
/// asked for and printed. Throws UsageError for an unknown option (with the nearest name) and for a
/// missing value; messages name Marigold's spelling beside ours where that was typed.
bool parse_arguments(CLI::App& app, const Arguments& arguments, Arguments& words);

/// The one word that a command takes, for example a "recipe". Throws UsageError for none and for
/// several; the message sends to the help of `app`.
std::string only_word(const CLI::App& app, const Arguments& words, const std::string& what);

/// Every long and short name of the command's options, Marigold's spellings among them.
std::vector<std::string> option_names(const CLI::App& app);

/// "photo.jpg", or the word in quotes, for a message.
std::string quoted(const std::string& word);

}  // namespace onestep
