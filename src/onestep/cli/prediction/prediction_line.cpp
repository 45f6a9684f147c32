#include "onestep/cli/prediction/prediction_line.h"

#include "onestep/base/text/one_line.h"
#include "onestep/cli/prediction/overlapped_line.h"
#include "onestep/cli/terminal/messages.h"
#include "onestep/io/image.h"
#include "onestep/output/profile_table.h"
#include "onestep/output/write_prediction.h"

#include <exception>
#include <functional>
#include <memory>
#include <new>
#include <utility>

namespace onestep {
namespace {

namespace fs = std::filesystem;

/// The message names the input: some of what goes wrong only knows the stage.
std::string naming(const fs::path& input, const std::string& message) {
  if (message.find(one_line(input.native())) != std::string::npos) return message;
  return concatenate(input.native(), ": ", message);
}

/// A photograph in memory; no pixels when it was refused or could not be read.
using ReadPhotograph = std::unique_ptr<const Array>;

/// A result on its way to the disk; no prediction where the photograph ends.
struct FinishedPrediction {
  std::size_t index = 0;
  std::size_t model = 0;
  std::unique_ptr<Prediction> prediction;
};

using HandOn = std::function<void(FinishedPrediction)>;

class PredictionLine {
 public:
  PredictionLine(std::vector<Estimator>& estimators,
                 const std::vector<PlannedPhotograph>& work,
                 const PredictRequest& request,
                 const std::stop_token& stop,
                 ProgressDisplay& display,
                 PhotographFailures& failures)
      : estimators_(estimators),
        work_(work),
        request_(request),
        stop_(stop),
        display_(display),
        failures_(failures) {}

  void run() {
    const LineSteps<ReadPhotograph, FinishedPrediction> steps = {
        .read = [this](std::size_t i) { return read(i); },
        .begin = [this](std::size_t i) { display_.begin_image(path_of(i).native()); },
        .compute =
            [this](std::size_t i, const ReadPhotograph& photograph, const HandOn& hand_on) {
              if (photograph) predict(i, *photograph, hand_on);
              hand_on({i, 0, nullptr});
              if (i + 1 == work_.size()) display_.image("write", 1);
            },
        .write = [this](const FinishedPrediction& finished) { finish(finished); }};
    run_line(work_.size(), stop_, steps);
  }

 private:
  const fs::path& path_of(std::size_t index) const { return work_[index].photograph.path; }

  /// False when it failed, which is noted, or when it was stopped.
  bool attempt(std::size_t index, const std::function<void()>& action) {
    std::string message;
    try {
      action();
      return true;
    } catch (const Cancelled&) {
      return false;
    } catch (const Error& error) {
      message = error.what();
    } catch (const std::bad_alloc&) {
      message = "needs more memory than there is; try a smaller --processing-res";
    } catch (const std::exception& error) {
      message = concatenate("internal error: ", error.what());
    }
    failures_.add(index, naming(path_of(index), message));
    return false;
  }

  ReadPhotograph read(std::size_t index) {
    ReadPhotograph photograph;
    attempt(index, [&] {
      check(work_[index].refusal.empty(), work_[index].refusal);
      photograph = std::make_unique<Array>(read_image(path_of(index)));
    });
    return photograph;
  }

  void predict(std::size_t index, const Array& pixels, const HandOn& hand_on) {
    const auto& models = work_[index].models;
    for (std::size_t i = 0; i < models.size(); ++i) {
      const auto show = [&](const PredictProgress& progress) {
        const double fraction = static_cast<double>(i) + progress.fraction;
        display_.image(progress.stage, fraction / static_cast<double>(models.size()));
      };
      FinishedPrediction finished{index, models[i], nullptr};
      const bool done = attempt(index, [&] {
        finished.prediction = std::make_unique<Prediction>(
            estimators_[models[i]].predict(pixels, request_.predict, stop_, show));
      });
      if (done) hand_on(std::move(finished));
    }
  }

  void finish(const FinishedPrediction& finished) {
    if (finished.prediction) {
      attempt(finished.index, [&] { write(finished, *finished.prediction); });
    } else {
      display_.end_image();
    }
  }

  void write(const FinishedPrediction& finished, Prediction& prediction) {
    const Photograph& photograph = work_[finished.index].photograph;
    const Estimator& estimator = estimators_[finished.model];
    OutputOptions output = options_for(photograph, request_.output);
    output.stop = stop_;
    const Prediction shown = presented(std::move(prediction), request_.normals);
    if (request_.predict.profile) {
      const std::string what =
          concatenate(photograph.path.native(), ", ", to_string(shown.modality));
      display_.tell(one_line(what) + "\n" + profile_table(shown));
    }
    const auto files = write_prediction(shown, estimator, photograph.path, output);
    if (request_.json) {
      display_.print(describe(shown, estimator, photograph.path, files, true));
    } else if (!files.empty()) {
      display_.print(one_line(files.front().path.native()));
    }
  }

  std::vector<Estimator>& estimators_;
  const std::vector<PlannedPhotograph>& work_;
  const PredictRequest& request_;
  const std::stop_token stop_;
  ProgressDisplay& display_;
  PhotographFailures& failures_;
};

}  // namespace

void predict_photographs(std::vector<Estimator>& estimators,
                         const std::vector<PlannedPhotograph>& work,
                         const PredictRequest& request,
                         const std::stop_token& stop,
                         ProgressDisplay& display,
                         PhotographFailures& failures) {
  PredictionLine(estimators, work, request, stop, display, failures).run();
}

}  // namespace onestep
