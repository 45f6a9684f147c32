#include "onestep/cli/prediction_line.h"

#include "onestep/base/text/one_line.h"
#include "onestep/base/thread_pool.h"
#include "onestep/cli/bounded_queue.h"
#include "onestep/cli/terminal/messages.h"
#include "onestep/io/image.h"

#include <exception>
#include <functional>
#include <memory>
#include <new>
#include <thread>
#include <utility>

namespace onestep {
namespace {

namespace fs = std::filesystem;

/// The message names the input: some of what goes wrong only knows the stage.
std::string naming(const fs::path& input, const std::string& message) {
  if (message.find(one_line(input.native())) != std::string::npos) return message;
  return concatenate(input.native(), ": ", message);
}

/// A photograph in memory; no pixels when it could not be read.
using ReadPhotograph = std::unique_ptr<const Array>;

/// A result on its way to the disk; no prediction where the photograph ends.
struct FinishedPrediction {
  std::size_t index = 0;
  std::size_t model = 0;
  std::unique_ptr<const Prediction> prediction;
};

class PredictionLine {
 public:
  PredictionLine(std::vector<Estimator>& estimators,
                 const std::vector<PlannedPhotograph>& work,
                 const PredictRequest& request,
                 const std::stop_token& stop,
                 ProgressDisplay& display,
                 Failures& failures)
      : estimators_(estimators),
        work_(work),
        request_(request),
        stop_(stop),
        display_(display),
        failures_(failures) {}

  ~PredictionLine() {
    read_.close();
    finished_.close();
    for (std::thread* thread : {&reader_, &writer_}) {
      if (thread->joinable()) thread->join();
    }
  }
  PredictionLine(const PredictionLine&) = delete;
  PredictionLine& operator=(const PredictionLine&) = delete;

  void run() {
    reader_ = start_thread([this] { read_all(); });
    writer_ = start_thread([this] { write_all(); });
    predict_all();
    finished_.close();
    writer_.join();
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

  void read_all() {
    // Room is waited for before the reading: the pixels of at most one photograph wait.
    for (std::size_t i = 0; i < work_.size() && read_.wait_for_room(); ++i) {
      ReadPhotograph photograph;
      attempt(i, [&] { photograph = std::make_unique<Array>(read_image(path_of(i))); });
      read_.push(std::move(photograph));
    }
    read_.close();
  }

  void predict_all() {
    for (std::size_t i = 0; i < work_.size() && !stop_.stop_requested(); ++i) {
      display_.begin_image(path_of(i).native());
      const auto photograph = read_.pop();
      if (photograph && *photograph) predict_one(i, **photograph);
      finished_.push({i, 0, nullptr});
    }
    display_.image("write", 1);
  }

  void predict_one(std::size_t index, const Array& pixels) {
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
      if (done) finished_.push(std::move(finished));
    }
  }

  void write_all() {
    while (const auto finished = finished_.pop()) {
      if (finished->prediction) {
        attempt(finished->index, [&] { write(*finished, *finished->prediction); });
      } else {
        display_.end_image();
      }
    }
  }

  void write(const FinishedPrediction& finished, const Prediction& prediction) {
    const Photograph& photograph = work_[finished.index].photograph;
    const Estimator& estimator = estimators_[finished.model];
    OutputOptions output = options_for(photograph, request_.output);
    output.stop = stop_;
    const Prediction shown = presented(prediction, output.normals);
    const auto files = write_prediction(shown, estimator, photograph.path, output);
    if (request_.json) {
      display_.print(describe(shown, estimator, photograph.path, files, true));
    } else if (!files.empty()) {
      display_.print(one_line(files.front().native()));
    }
  }

  std::vector<Estimator>& estimators_;
  const std::vector<PlannedPhotograph>& work_;
  const PredictRequest& request_;
  const std::stop_token stop_;
  ProgressDisplay& display_;
  Failures& failures_;
  BoundedQueue<ReadPhotograph> read_{1};
  BoundedQueue<FinishedPrediction> finished_{1};
  std::thread reader_;
  std::thread writer_;
};

}  // namespace

void Failures::add(std::size_t photograph, std::string message) {
  const std::lock_guard lock(mutex_);
  messages_[photograph].push_back(std::move(message));
}

std::vector<std::string> Failures::messages() const {
  std::vector<std::string> all;
  for (const auto& [photograph, messages] : messages_) {
    all.insert(all.end(), messages.begin(), messages.end());
  }
  return all;
}

void predict_photographs(std::vector<Estimator>& estimators,
                         const std::vector<PlannedPhotograph>& work,
                         const PredictRequest& request,
                         const std::stop_token& stop,
                         ProgressDisplay& display,
                         Failures& failures) {
  PredictionLine(estimators, work, request, stop, display, failures).run();
}

}  // namespace onestep
