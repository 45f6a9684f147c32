#include "onestep/cli/arguments/predict_request.h"
#include "onestep/cli/commands.h"
#include "onestep/cli/photographs/inputs.h"
#include "onestep/cli/photographs/name_list.h"
#include "onestep/cli/prediction/planned_work.h"
#include "onestep/cli/prediction/prediction_line.h"
#include "onestep/cli/prediction/sheet.h"
#include "onestep/cli/terminal/interrupt.h"
#include "onestep/cli/terminal/messages.h"
#include "onestep/cli/terminal/progress_display.h"

#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <iostream>
#include <system_error>

namespace onestep {
namespace {

namespace fs = std::filesystem;

/// Made when missing. Looked at before the minutes of work whose results it shall hold.
void prepare_output_folder(const fs::path& folder) {
  std::error_code error;
  fs::create_directories(folder, error);
  std::error_code unknown;
  if (!fs::is_directory(folder, unknown)) {
    const bool is_file = !unknown && fs::exists(folder, unknown);
    fail(
        folder.native(), ": expected a folder for the results, found ",
        is_file ? "a file" : "that it cannot be made (" + (error ? error : unknown).message() + ")",
        "; choose another with -o");
  }
  if (access(folder.c_str(), W_OK | X_OK) == 0) return;
  fail(folder.native(), ": expected a folder that may be written, found: ", std::strerror(errno),
       "; choose another with -o");
}

/// The names that were typed; "-" stands for the list on standard input.
std::vector<std::string> input_names(const PredictRequest& request) {
  std::vector<std::string> names;
  for (const std::string& name : request.inputs) {
    if (name != "-") {
      names.push_back(name);
      continue;
    }
    const auto listed = read_name_list(std::cin, request.list_separator);
    check(std::ferror(stdin) == 0, "standard input: cannot be read: ", std::strerror(errno));
    names.insert(names.end(), listed.begin(), listed.end());
  }
  if (names.empty()) {
    throw UsageError(
        "-: expected the names of photographs or folders on standard input, found an "
        "empty list");
  }
  return names;
}

std::vector<Estimator> load(const PredictRequest& request,
                            const std::vector<PlannedModel>& models,
                            const Interrupt& interrupt,
                            ProgressDisplay& display) {
  std::vector<Estimator> estimators;
  const auto count = static_cast<double>(models.size());
  for (const PlannedModel& model : models) {
    LoadOptions options = request.load;
    options.stop = interrupt.stop();
    const auto loaded = static_cast<double>(estimators.size());
    options.on_progress = [&, loaded](double fraction) {
      display.loading((loaded + fraction) / count);
    };
    display.loading(loaded / count);
    estimators.push_back(Estimator::load(model.folder, options));
  }
  return estimators;
}

void load_and_predict(const PredictRequest& request,
                      const std::vector<PlannedModel>& models,
                      const std::vector<PlannedPhotograph>& work,
                      const Interrupt& interrupt,
                      PhotographFailures& failures) {
  ProgressDisplay display(!request.quiet, work.size());
  try {
    auto estimators = load(request, models, interrupt, display);
    predict_photographs(estimators, work, request, interrupt.stop(), display, failures);
  } catch (const Cancelled&) {
    return;  // Interrupt knows the signal
  }
}

/// What was typed is checked against the checkpoints while nothing has been loaded yet.
std::vector<PlannedPhotograph> plan(const PredictRequest& request,
                                    const std::vector<PlannedModel>& models,
                                    const Inputs& inputs) {
  for (const PlannedModel& model : models) {
    refuse_overwritten_inputs(inputs.photographs, model.modality, request.output);
  }
  refuse_overwriting_sheet(request, inputs.photographs);
  auto work = plan_photographs(inputs.photographs, models, request);
  const std::size_t skipped = inputs.photographs.size() - work.size();
  if (skipped > 0 && !request.quiet) {
    print_message(concatenate("skipped ", skipped, " of ", inputs.photographs.size(),
                              " photographs whose results exist (--skip-existing)"));
  }
  return work;
}

void tell_of_earlier_results(std::size_t pictures) {
  if (pictures == 0) return;
  print_message(concatenate("left out ", pictures, pictures == 1 ? " picture" : " pictures",
                            " that ", pictures == 1 ? "is a result" : "are results",
                            " of earlier runs; name such a file itself to predict it"));
}

void predict(const PredictRequest& request,
             const Inputs& inputs,
             const Interrupt& interrupt,
             PhotographFailures& failures) {
  const auto models = plan_models(request);
  const auto work = plan(request, models, inputs);
  if (!work.empty()) {
    prepare_output_folder(request.output.folder);
    load_and_predict(request, models, work, interrupt, failures);
  }
  if (request.sheet.empty() || interrupt.stop().stop_requested()) return;
  write_sheet(request, models, inputs.photographs);
}

}  // namespace

bool run_predict(const Arguments& arguments) {
  const auto request = parse_predict(arguments);
  if (!request) return true;
  const Inputs inputs = expand_inputs(input_names(*request), request->output.folder);
  if (!request->quiet) tell_of_earlier_results(inputs.earlier_results);
  PhotographFailures failures;
  Interrupt interrupt;
  try {
    if (!inputs.photographs.empty()) predict(*request, inputs, interrupt, failures);
  } catch (const UsageError&) {
    throw;
  } catch (const Error&) {
    inputs.failures.print();
    throw;
  }
  FailureList all = inputs.failures;
  all.append(failures.list());
  all.print();
  const std::size_t failed = inputs.failures.count() + failures.photographs();
  const std::size_t total = inputs.failures.count() + inputs.photographs.size();
  if (failed > 0 && total > 1) {
    print_message(concatenate(failed, " of ", total, " inputs failed"));
  }
  interrupt.throw_if_requested();
  return failed == 0;
}

}  // namespace onestep
