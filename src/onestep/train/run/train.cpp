#include "onestep/train/run/train.h"

#include "onestep/base/check.h"
#include "onestep/base/thread_pool.h"
#include "onestep/io/file.h"
#include "onestep/train/run/run_folder.h"
#include "onestep/train/run/start_model.h"
#include "onestep/train/run/trainer.h"

#include <ATen/Context.h>
#include <ATen/Parallel.h>

#include <algorithm>
#include <new>
#include <optional>
#include <system_error>

namespace onestep {
namespace {

namespace fs = std::filesystem;

/// The first samples of each set in turn, unflipped.
std::vector<Batch> validation_samples(const Recipe& recipe,
                                      const TrainingData& data,
                                      BatchOptions contents,
                                      const std::stop_token& stop) {
  contents.augmentation = {};
  const std::vector<DatasetShare>& shares =
      data.validation.empty() ? data.training : data.validation;
  std::vector<SampleChoice> choices;
  std::int64_t most = 0;
  for (const DatasetShare& share : shares) most = std::max(most, share.dataset->size());
  for (std::int64_t i = 0; i < most; ++i) {
    for (std::size_t set = 0; set < shares.size(); ++set) {
      if (i < shares[set].dataset->size()) choices.push_back({set, i, false});
    }
    if (std::ssize(choices) >= recipe.validation_samples) break;
  }
  choices.resize(std::min(choices.size(), static_cast<std::size_t>(recipe.validation_samples)));
  std::vector<Batch> samples;
  for (const SampleChoice& choice : choices) {
    samples.push_back(read_batch(shares, {choice}, std::ssize(samples), contents, stop));
  }
  return samples;
}

/// What is taught may count the sky as far; what is measured does not.
BatchOptions training_contents(BatchOptions contents, const Recipe& recipe) {
  contents.depth_target.unknown_is_far = recipe.unknown_is_far;
  return contents;
}

void check_data(const ResumedCheckpoint& checkpoint, const TrainingData& data) {
  check(checkpoint.facts.data == data.marks, checkpoint.path.string(),
        ": the data are not those of this run any more (a manifest changed, or the number of its "
        "pictures); the order of pictures would be another");
}

std::int64_t longest_side(const std::vector<DatasetShare>& data) {
  const Array image = data.front().dataset->read(0).image;
  return std::max(image.size(0), image.size(1));
}

/// A run in its folder, from opening the data to the model.
class TrainingRun {
 public:
  TrainingRun(const TrainRequest& request, const TrainWatch& watch, const DataWatch& data_watch)
      : request_(request), watch_(watch), data_watch_(data_watch), folder_(request.folder) {
    if (request.resume) {
      from_ = folder_.resumed(request.recipe, watch.on_message);
    } else {
      folder_.refuse_earlier_run();
    }
  }

  TrainEnd run() {
    const Recipe& recipe = request_.recipe;
    const bool finished = from_ && from_->facts.step >= recipe.steps;
    std::error_code unknown;
    if (finished && fs::exists(folder_.model() / "model_index.json", unknown)) {
      return TrainEnd::already_finished;
    }
    const TrainingData data = open_data(recipe, data_watch_);
    if (from_) check_data(*from_, data);
    const DiffusersFolder start = start_model(recipe, folder_.start(), from_.has_value());
    const BatchOptions contents{.truth = wanted_truth(recipe),
                                .depth_target = trained_depth_target(recipe, start),
                                .augmentation = recipe.augmentation};
    const auto objective =
        make_objective(recipe, start, request_.device, longest_side(data.training), watch_.stop);
    AdamW optimiser(values_of(objective->parameters()), recipe.optimizer);
    std::optional<ParameterAverage> kept;
    if (recipe.ema) kept.emplace(values_of(objective->parameters()), *recipe.ema);
    ParameterAverage* const average = kept ? &*kept : nullptr;
    if (from_) {
      restore_checkpoint(from_->path, {objective->parameters(), optimiser, average});
    }
    write_file_atomically(folder_.recipe(), recipe.document + "\n");

    const std::int64_t step = take_steps({*objective, optimiser, average, data, contents});
    const ParameterAverage::InPlace averaged(average);
    objective->write_model(folder_.model());
    return step >= recipe.steps ? TrainEnd::finished : TrainEnd::stopped_after;
  }

 private:
  /// What the steps are taken with.
  struct Trained {
    Objective& objective;
    AdamW& optimiser;
    ParameterAverage* average;
    const TrainingData& data;
    const BatchOptions& contents;
  };

  std::int64_t take_steps(const Trained& trained) {
    const auto& [objective, optimiser, average, data, contents] = trained;
    TrainingLog log(folder_.log(), optimiser.steps_taken());
    TrainingLog validation_log(folder_.validation_log(), optimiser.steps_taken());
    TrainingParts parts{
        .recipe = request_.recipe,
        .objective = objective,
        .optimiser = optimiser,
        .average = average,
        .data = data.training,
        .data_marks = data.marks,
        .contents = training_contents(contents, request_.recipe),
        .validation = validation_samples(request_.recipe, data, contents, watch_.stop),
        .checkpoints = folder_.checkpoints(),
        .validation_folder = folder_.validation(),
        .log = log,
        .validation_log = validation_log,
        .workers = request_.workers};
    return run_training(parts, watch_);
  }

  const TrainRequest& request_;
  const TrainWatch& watch_;
  const DataWatch& data_watch_;
  RunFolder folder_;
  std::optional<ResumedCheckpoint> from_;
};

/// A resumed run must add up as the one before: of a GPU's algorithms those that always round
/// alike.
void ask_for_repeatable_sums(const std::string& device) {
  if (!device.starts_with("cuda")) return;
  at::globalContext().setBenchmarkCuDNN(false);
  at::globalContext().setDeterministicCuDNN(true);
  at::globalContext().setDeterministicFillUninitializedMemory(false);
  at::globalContext().setDeterministicAlgorithms(true, /*warn_only=*/true);
}

std::string first_line(const std::string& text) {
  return text.substr(0, text.find('\n'));
}

}  // namespace

TrainEnd train(const TrainRequest& request, const TrainWatch& watch, const DataWatch& data_watch) {
  at::set_num_threads(request.threads > 0 ? request.threads : available_processors());
  ask_for_repeatable_sums(request.device);
  try {
    return TrainingRun(request, watch, data_watch).run();
  } catch (const c10::OutOfMemoryError& error) {
    fail("the device's memory is full (", first_line(error.what_without_backtrace()),
         "); see --plan, \"checkpointing\" and a smaller \"batch\" with more \"accumulation\"");
  } catch (const c10::Error& error) {
    fail("torch: ", first_line(error.what_without_backtrace()));
  }
}

}  // namespace onestep
