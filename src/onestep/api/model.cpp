#include "onestep/api/estimate_state.h"
#include "onestep/api/guarded.h"
#include "onestep/api/onestep.h"
#include "onestep/api/options.h"
#include "onestep/api/pixels.h"
#include "onestep/base/check.h"
#include "onestep/output/write_prediction.h"
#include "onestep/pipelines/estimator.h"

#include <utility>

namespace onestep {

struct Model::State {
  Estimator estimator;
};

Model::Model(std::shared_ptr<State> state) : state_(std::move(state)) {}

Model Model::load(const std::filesystem::path& folder, const ModelOptions& options) {
  CallbackFailure failure;
  return guarded(
      [&] {
        LoadOptions load = load_options(options);
        load.on_progress = failure.watched(options.on_progress);
        return Model(std::make_shared<State>(State{Estimator::load(folder, load)}));
      },
      failure);
}

Quantity Model::quantity() const {
  return quantity_of(state_->estimator.modality(), state_->estimator.kind().disparity);
}

int Model::threads() const {
  return state_->estimator.engine().threads;
}

const std::string& Model::simd() const {
  return state_->estimator.engine().simd;
}

Estimate Model::predict(const PixelView& pixels, const EstimateOptions& options) const {
  CallbackFailure failure;
  return guarded(
      [&] {
        const PredictOptions predict = predict_options(options);
        const auto report = failure.watched(options.on_progress);
        const auto on_progress = [&](const PredictProgress& progress) {
          if (report) report({progress.stage, progress.fraction});
        };
        const NormalOptions normals = normal_options(options, state_->estimator.modality());
        Prediction prediction = presented(
            state_->estimator.predict(photograph_of(pixels), predict, options.stop, on_progress),
            normals);
        return Estimate(
            std::make_shared<Estimate::State>(Estimate::State{std::move(prediction), state_}));
      },
      failure);
}

std::string Model::describe(const Estimate& estimate, const std::filesystem::path& picture) const {
  return guarded([&] {
    check(estimate.state_->model.lock() == state_, "describe: another model made this estimate");
    return onestep::describe(estimate.state_->prediction, state_->estimator, picture, {}, false);
  });
}

std::vector<std::filesystem::path> Model::save(const Estimate& estimate,
                                               const std::filesystem::path& picture,
                                               const SaveOptions& options) const {
  return guarded([&] {
    check(estimate.state_->model.lock() == state_, "save: another model made this estimate");
    check(picture.has_stem(), "save: expected the name of the photograph, found '",
          picture.string(), "'");
    const Prediction& prediction = estimate.state_->prediction;
    OutputOptions output = output_options(options);
    output.uncertainty = prediction.options.uncertainty;
    return paths_of(write_prediction(prediction, state_->estimator, picture, output));
  });
}

}  // namespace onestep
