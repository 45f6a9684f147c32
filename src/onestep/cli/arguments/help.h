#pragma once

#include <CLI/CLI.hpp>

#include <memory>
#include <string>

namespace onestep {

/// What `onestep --help` prints.
std::string overview();

/// Prints a command's help: its description and usage (both in the app's description), then the
/// options under their headings with the text wrapped beside them.
std::shared_ptr<CLI::FormatterBase> make_help_formatter();

}  // namespace onestep
