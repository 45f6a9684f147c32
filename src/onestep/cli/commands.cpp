#include "onestep/cli/commands.h"

#include "onestep/backend/cpu/cpu_backend.h"
#include "onestep/base/nearest_name.h"
#include "onestep/base/thread_pool.h"
#include "onestep/cli/arguments/command_line.h"
#include "onestep/cli/arguments/help.h"
#include "onestep/cli/licences.h"
#include "onestep/cli/terminal/messages.h"
#include "onestep/cli/terminal/standard_streams.h"
#include "onestep/io/float_images/exr.h"

#include <array>

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

const std::array<Command, 3>& commands() {
  static const std::array<Command, 3> all = {
      {{"predict", run_predict}, {"inspect", run_inspect}, {"licences", run_licences}},
  };
  return all;
}

/// The first of the instruction sets is the one that is used.
std::string version_text() {
  std::string text = "onestep " ONESTEP_VERSION "\ninstruction sets:";
  for (const std::string& target : cpu_simd_targets()) text += " " + target;
  return concatenate(text, "\nthreads: ", available_processors(), "\noptional parts: exr ",
                     exr_available() ? "yes" : "no");
}

}  // namespace

bool run_command(const Arguments& arguments) {
  if (arguments.empty()) throw UsageError("expected a command, found none; see onestep --help");
  const std::string& name = arguments.front();
  if (name == "--help" || name == "-h" || name == "help") {
    print_result(overview());
    return true;
  }
  if (name == "--version") {
    print_result(version_text());
    return true;
  }
  std::vector<std::string> names = {"--help", "--version"};
  for (const Command& command : commands()) {
    if (command.name == name) return command.run({arguments.begin() + 1, arguments.end()});
    names.push_back(command.name);
  }
  const std::string nearest = did_you_mean(name, names);
  throw UsageError(concatenate(name.starts_with("-") ? "unknown option " : "unknown command ",
                               quoted(name), nearest.empty() ? "; see onestep --help" : nearest));
}

}  // namespace onestep
