#include "onestep/train/run/trainer.h"

#include "onestep/base/check.h"
#include "onestep/base/stopwatch.h"
#include "onestep/data/loader.h"
#include "onestep/train/run/validation_sheet.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <system_error>

namespace onestep {
namespace {

/// Where a run is stopped for good: a recipe's step that comes first.
std::int64_t last_step_of(const Recipe& recipe) {
  return recipe.stop_after ? std::min(recipe.steps, *recipe.stop_after) : recipe.steps;
}

LoaderOptions loader_options(const TrainingParts& parts, std::int64_t steps_taken) {
  const Recipe& recipe = parts.recipe;
  return {.batch = recipe.batch,
          .order = recipe.order,
          .flip = recipe.flip,
          .seed = recipe.seed,
          .contents = parts.contents,
          .workers = parts.workers,
          .first = steps_taken * recipe.accumulation};
}

/// "a.png (t.jsonl:3), b.png (t.jsonl:9)", the first few.
std::string listed(const std::vector<std::string>& names) {
  constexpr std::size_t kMost = 8;
  std::string text;
  for (std::size_t i = 0; i < std::min(kMost, names.size()); ++i) {
    text += (i == 0 ? "" : ", ") + names[i];
  }
  if (names.size() > kMost) text += concatenate(" and ", names.size() - kMost, " more");
  return text;
}

class Trainer {
 public:
  Trainer(TrainingParts& parts, const TrainWatch& watch)
      : parts_(parts),
        watch_(watch),
        window_(parts.optimiser,
                {parts.recipe.accumulation, parts.recipe.clip_norm, parts.recipe.schedule}),
        loader_(parts.data, loader_options(parts, parts.optimiser.steps_taken())),
        first_step_(parts.optimiser.steps_taken()),
        saved_step_(first_step_) {}

  std::int64_t run() {
    const std::int64_t last = last_step_of(parts_.recipe);
    try {
      if (step() > 0) validate_if_due(/*last=*/false);  // which an interruption may have prevented
      while (step() < last) {
        take_step();
        validate_if_due(step() == last);
        if (step() % parts_.recipe.checkpoint_every == 0 && step() < last) save();
      }
      check(ends_checked_ || step() == first_step_,
            "no picture of these steps had a valid pixel (constant depth, empty masks): nothing "
            "was learnt");
    } catch (...) {
      // Interrupted, a file that went away, a full disk: what was learnt so far is kept. A step
      // that is not in the log is taken again.
      if (parameters_are_good_ && logged_step_ == step()) save_if_possible();
      throw;
    }
    save();
    return step();
  }

 private:
  std::int64_t step() const { return parts_.optimiser.steps_taken(); }

  void take_step() {
    const Stopwatch stopwatch;
    names_.clear();
    while (!window_.full()) {
      if (watch_.stop.stop_requested()) throw Cancelled();
      add(loader_.next());
    }
    const StepReport report = window_.close();
    check_report(report);
    check_ends(report);
    window_.step();
    check_parameters();
    if (parts_.average != nullptr) parts_.average->update(step());
    log(report, stopwatch.seconds());
  }

  void add(const Batch& batch) {
    names_.insert(names_.end(), batch.names.begin(), batch.names.end());
    const double value = window_.add(parts_.objective.loss(batch));
    if (std::isnan(value)) {
      watch_.on_message(concatenate("step ", step() + 1, ": the loss of ", listed(batch.names),
                                    " is NaN and was left out"));
    }
  }

  /// Nothing has moved yet: the state of the last step is good and is kept.
  void check_report(const StepReport& report) {
    const bool all_nan = report.nan_losses == parts_.recipe.accumulation;
    if (!all_nan && std::isfinite(report.gradient_norm)) return;
    window_.abandon();
    save_if_possible();
    give_up(all_nan ? "every loss is NaN" : "the gradient's norm is NaN or infinite");
  }

  void check_parameters() {
    std::vector<at::Tensor> norms;
    for (const NamedParameter& parameter : parts_.objective.parameters()) {
      norms.push_back(at::linalg_vector_norm(parameter.value.detach()));
    }
    const at::Tensor finite = at::isfinite(at::stack(norms)).to(at::kCPU);
    if (finite.all().item<bool>()) return;
    parameters_are_good_ = false;
    const auto first = finite.to(at::kInt).argmin().item<std::int64_t>();
    give_up(concatenate(parts_.objective.parameters()[static_cast<std::size_t>(first)].name,
                        " holds NaN or infinity"));
  }

  /// With the step that failed, which is the last one taken where parameters were spoilt.
  [[noreturn]] void give_up(const std::string& what) const {
    const std::vector<CheckpointFile> files = checkpoints_in(parts_.checkpoints);
    fail("step ", failed_step(), ": ", what, "; the batches held ", listed(names_),
         "; the last good checkpoint is ",
         files.empty() ? std::string("none: none was written yet") : files.back().path.string(),
         "; look at these files, or lower optimizer.lr");
  }
  std::int64_t failed_step() const { return logged_step_ + 1; }

  /// People have silenced training by accident, with a decoder that records no gradients: the loss
  /// is there and nothing moves.
  void check_ends(const StepReport& report) {
    if (ends_checked_ || report.valid_pixels == 0) return;
    for (const std::string& name : parts_.objective.ends()) {
      const at::Tensor& gradient = parameter_named(parts_.objective.parameters(), name).grad();
      const bool arrives = gradient.defined() && at::any(gradient != 0).item<bool>();
      check(arrives, "step ", step() + 1, ": no gradient reaches ", name,
            "; something between it and the loss is cut off (or every pixel is clamped), and "
            "training would teach nothing");
    }
    ends_checked_ = true;
  }

  void log(const StepReport& report, double seconds) {
    const std::int64_t samples = parts_.recipe.batch * parts_.recipe.accumulation;
    parts_.log.append({step(), report, seconds, samples});
    if (report.valid_pixels == 0 && report.nan_losses == 0) {
      watch_.on_message(concatenate("step ", step(), ": no valid pixel in ", listed(names_)));
    }
    logged_step_ = step();
    const auto taken = static_cast<double>(step() - first_step_);
    const double per_step = since_start_.seconds() / taken;
    watch_.on_step(
        {.step = step(),
         .steps = last_step_of(parts_.recipe),
         .loss = report.loss,
         .samples_per_second = static_cast<double>(samples) / per_step,
         .seconds_left = per_step * static_cast<double>(last_step_of(parts_.recipe) - step())});
  }

  void validate_if_due(bool last) {
    const std::int64_t every = parts_.recipe.validate_every;
    if (every == 0 || parts_.validation.empty() || (step() % every != 0 && !last)) return;
    const auto sheet = parts_.validation_folder / (step_name(step()) + ".png");
    std::error_code unknown;
    if (step() == first_step_ && std::filesystem::exists(sheet, unknown)) return;
    const ParameterAverage::InPlace averaged(parts_.average);
    const auto metrics = write_validation(parts_.objective, parts_.validation, sheet);
    parts_.validation_log.append(step(), metrics);
  }

  void save() {
    if (step() == saved_step_) return;
    write_checkpoint(parts_.checkpoints, {step(), parts_.recipe.document, parts_.data_marks},
                     {parts_.objective.parameters(), parts_.optimiser, parts_.average},
                     parts_.recipe.keep);
    saved_step_ = step();
  }

  void save_if_possible() noexcept {
    try {
      save();
    } catch (const std::exception&) {  // the first failure is the one to tell of
    }
  }

  TrainingParts& parts_;
  const TrainWatch& watch_;
  GradientWindow window_;
  Loader loader_;
  std::int64_t first_step_;
  std::int64_t saved_step_;
  std::int64_t logged_step_ = parts_.optimiser.steps_taken();
  bool ends_checked_ = false;
  bool parameters_are_good_ = true;
  std::vector<std::string> names_;  // of the window's samples
  Stopwatch since_start_;
};

}  // namespace

std::int64_t run_training(TrainingParts& parts, const TrainWatch& watch) {
  return Trainer(parts, watch).run();
}

}  // namespace onestep
