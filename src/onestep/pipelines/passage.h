#pragma once

#include "onestep/base/check.h"
#include "onestep/base/stopwatch.h"
#include "onestep/pipelines/predict_photograph.h"
#include "onestep/pipelines/prediction.h"

#include <algorithm>
#include <iterator>
#include <string_view>
#include <utility>

namespace onestep {

/// Where one photograph is: adds wall time to one stage after the other and reports fractions of
/// the whole work.
class Passage {
 public:
  Passage(StageSeconds& seconds, PhotographWatch watch)
      : seconds_(seconds), current_(&seconds.prepare), watch_(std::move(watch)) {}
  ~Passage() = default;
  Passage(const Passage&) = delete;
  Passage& operator=(const Passage&) = delete;

  const std::stop_token& stop() const { return watch_.stop; }
  void expect(double work) { total_ = work; }

  /// "encode", "denoise", "decode", "ensemble", "finish". Throws Cancelled once stop is requested.
  void enter(std::string_view stage) {
    if (watch_.stop.stop_requested()) throw Cancelled();
    add_time();
    stage_ = stage;
    const auto* named = std::find_if(std::begin(kStages), std::end(kStages),
                                     [&](const NamedStage& one) { return one.name == stage; });
    check(named != std::end(kStages), "no stage is called ", stage);
    current_ = &(seconds_.*(named->seconds));
  }
  /// The one entered last.
  std::string_view stage() const { return stage_; }
  /// `done` of the expected work.
  void report(double done) const {
    if (watch_.on_progress) watch_.on_progress({stage_, std::min(1.0, done / total_)});
  }
  /// To the end of the last stage.
  void add_time() {
    *current_ += stopwatch_.seconds();
    stopwatch_ = Stopwatch();
  }

 private:
  StageSeconds& seconds_;
  double* current_;
  Stopwatch stopwatch_;
  PhotographWatch watch_;
  std::string_view stage_ = "prepare";
  double total_ = 1;
};

}  // namespace onestep
