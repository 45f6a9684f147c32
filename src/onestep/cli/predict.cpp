#include "onestep/cli/arguments/predict_request.h"
#include "onestep/cli/commands.h"
#include "onestep/cli/inputs.h"
#include "onestep/cli/terminal/interrupt.h"
#include "onestep/cli/terminal/messages.h"
#include "onestep/cli/terminal/progress_display.h"
#include "onestep/cli/terminal/standard_streams.h"
#include "onestep/io/image.h"

#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <new>
#include <system_error>

namespace onestep {
namespace {

namespace fs = std::filesystem;

/// Made when missing. Looked at before the minutes of work whose results it shall hold.
void prepare_output_folder(const fs::path& folder) {
  std::error_code error;
  fs::create_directories(folder, error);
  if (!fs::is_directory(folder)) {
    fail(folder.native(), ": expected a folder for the results, found ",
         fs::exists(folder) ? "a file" : "that it cannot be made (" + error.message() + ")",
         "; choose another with -o");
  }
  check(access(folder.c_str(), W_OK | X_OK) == 0, folder.native(),
        ": expected a folder that may be written, found: ", std::strerror(errno),
        "; choose another with -o");
}

/// The message names the input: some of what goes wrong only knows the stage.
std::string failure_of(const fs::path& input, const std::string& message) {
  if (message.find(input.native()) != std::string::npos) return message;
  return concatenate(input.native(), ": ", message);
}

/// What is typed is checked against the checkpoint while nothing has been loaded yet.
void check_against_folder(const PredictRequest& request, const Inputs& inputs) {
  const auto folder = DiffusersFolder::open(request.model, request.load.variant);
  const EstimatorKind kind = kind_of(folder);
  const Modality modality = request.load.modality.value_or(kind.modality.value_or(Modality::depth));
  refuse_overwritten_inputs(inputs.images, modality, request.output);
}

Estimator load(const PredictRequest& request,
               const Interrupt& interrupt,
               ProgressDisplay& display) {
  LoadOptions options = request.load;
  options.stop = interrupt.stop();
  options.on_progress = [&](double fraction) { display.loading(fraction); };
  display.loading(0);
  return Estimator::load(request.model, options);
}

void predict_one(Estimator& estimator,
                 const fs::path& input,
                 const PredictRequest& request,
                 const std::stop_token& stop,
                 ProgressDisplay& display) {
  display.begin_image(input.native());
  const Array photograph = read_image(input);
  if (stop.stop_requested()) throw Cancelled();
  const Prediction prediction = estimator.predict(
      photograph, request.predict, stop,
      [&](const PredictProgress& progress) { display.image(progress.stage, progress.fraction); });
  display.image("write", 1);
  OutputOptions output = request.output;
  output.stop = stop;
  const auto files = write_prediction(prediction, estimator, input, output);
  display.clear();
  if (request.json) {
    print_result(describe(prediction, estimator, input, files, true));
  } else if (!files.empty()) {
    print_result(one_line(files.front().native()));
  }
}

/// Every image by itself: what fails is noted and the others are still done. Stops at Ctrl-C.
void predict_all(Estimator& estimator,
                 const PredictRequest& request,
                 Inputs& inputs,
                 const std::stop_token& stop,
                 ProgressDisplay& display) {
  for (const fs::path& input : inputs.images) {
    try {
      predict_one(estimator, input, request, stop, display);
    } catch (const Cancelled&) {
      return;
    } catch (const Error& error) {
      inputs.failures.push_back(failure_of(input, error.what()));
    } catch (const std::bad_alloc&) {
      inputs.failures.push_back(
          failure_of(input, "needs more memory than there is; try a smaller --processing-res"));
    } catch (const std::exception& error) {
      inputs.failures.push_back(failure_of(input, concatenate("internal error: ", error.what())));
    }
    if (stop.stop_requested()) return;
  }
}

void load_and_predict(const PredictRequest& request, Inputs& inputs, const Interrupt& interrupt) {
  ProgressDisplay display(!request.quiet, inputs.images.size());
  try {
    Estimator estimator = load(request, interrupt, display);
    estimator.resolve(request.predict);  // refuses what this checkpoint cannot do
    predict_all(estimator, request, inputs, interrupt.stop(), display);
  } catch (const Cancelled&) {
    return;  // Interrupt knows the signal
  }
}

void report(const std::vector<std::string>& failures, std::size_t inputs) {
  for (const std::string& failure : failures) print_message(failure);
  if (!failures.empty() && inputs > 1) {
    print_message(concatenate(failures.size(), " of ", inputs, " inputs failed"));
  }
}

}  // namespace

bool run_predict(const Arguments& arguments) {
  const auto request = parse_predict(arguments);
  if (!request) return true;
  Inputs inputs = expand_inputs(request->inputs);
  refuse_collisions(inputs.images, request->load.modality.value_or(Modality::depth),
                    request->output);
  const std::size_t total = inputs.images.size() + inputs.failures.size();
  if (inputs.images.empty()) {
    report(inputs.failures, total);
    return false;
  }
  Interrupt interrupt;
  try {
    check_against_folder(*request, inputs);
    prepare_output_folder(request->output.folder);
    load_and_predict(*request, inputs, interrupt);
  } catch (const UsageError&) {
    throw;
  } catch (const Error&) {
    report(inputs.failures, total);
    throw;
  }
  report(inputs.failures, total);
  interrupt.throw_if_requested();
  return inputs.failures.empty();
}

}  // namespace onestep
