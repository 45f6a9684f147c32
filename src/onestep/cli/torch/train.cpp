#include "onestep/train/run/train.h"

#include "onestep/cli/arguments/train_request.h"
#include "onestep/cli/commands.h"
#include "onestep/cli/terminal/interrupt.h"
#include "onestep/cli/terminal/messages.h"
#include "onestep/cli/terminal/standard_streams.h"
#include "onestep/cli/torch/train_display.h"
#include "onestep/data/manifest.h"
#include "onestep/train/plan/heap_policy.h"
#include "onestep/train/plan/memory_plan.h"

#include <system_error>

namespace onestep {
namespace {

TrainRequest request_of(const TrainCommand& command) {
  TrainRequest request;
  request.recipe = read_recipe({.file = command.recipe,
                                .changes = command.changes,
                                .data = command.data,
                                .init = command.init});
  request.folder = command.folder;
  request.resume = command.resume;
  request.device = command.device;
  request.threads = command.threads;
  request.workers = command.workers;
  return request;
}

void print_end(const TrainRequest& request, TrainEnd end) {
  const std::string model = (request.folder / "model").string();
  switch (end) {
    case TrainEnd::finished:
      return print_message(concatenate("trained; predict with: onestep predict PHOTO -m ", model));
    case TrainEnd::stopped_after:
      return print_message(concatenate("stopped as stop_after (", *request.recipe.stop_after,
                                       ") says; go on with --resume; the model so far is ", model));
    case TrainEnd::already_finished:
      return print_message(
          concatenate(request.folder.string(), ": the run is finished; nothing was done"));
  }
}

/// Follows a run on the terminal.
TrainEnd train_with_display(const TrainCommand& command,
                            const TrainRequest& request,
                            const Interrupt& interrupt) {
  TrainDisplay display(!command.quiet);
  TrainWatch watch;
  watch.stop = interrupt.stop();
  watch.on_step = [&](const TrainProgress& progress) { display.step(progress); };
  watch.on_message = [&](const std::string& text) { display.message(text); };
  DataWatch data_watch;
  data_watch.stop = interrupt.stop();
  data_watch.on_warning = watch.on_message;
  data_watch.on_checked = [&](std::int64_t done, std::int64_t count) {
    display.checking(done, count);
  };
  return train(request, watch, data_watch);
}

void print_problems(const ManifestProblems& problems) {
  constexpr std::size_t kMost = 100;
  for (std::size_t i = 0; i < std::min(kMost, problems.problems().size()); ++i) {
    print_message(problems.problems()[i]);
  }
  const std::size_t count = problems.problems().size();
  if (count > kMost) print_message(concatenate("and ", count - kMost, " more problems"));
}

}  // namespace

bool run_train(const Arguments& arguments) {
  const auto command = parse_train(arguments);
  if (!command) return true;
  const TrainRequest request = request_of(*command);
  // Who has parts checkpointed is short of memory; for others fresh pages would cost a third of a
  // step.
  const bool spare = request.recipe.checkpoint_unet || request.recipe.checkpoint_decoder;
  if (spare) {
    return_freed_blocks();
  } else {
    keep_freed_blocks();
  }
  Interrupt interrupt;
  try {
    if (command->plan) {
      print_result(to_text(plan_memory(request)));
      return true;
    }
    const TrainEnd end = train_with_display(*command, request, interrupt);
    if (!command->quiet) print_end(request, end);
  } catch (const ManifestProblems& problems) {
    print_problems(problems);
    return false;
  } catch (const Cancelled&) {
    if (!command->quiet) {
      print_message(concatenate("interrupted; go on with --resume -o ", request.folder.string()));
    }
  }
  interrupt.throw_if_requested();
  return true;
}

}  // namespace onestep
