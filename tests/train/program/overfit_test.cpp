// The proof that it learns: four pictures, a tiny model, a minute.

#include "onestep/data/analytic_scenes.h"
#include "onestep/geometry/alignment.h"
#include "onestep/io/numpy/npy.h"
#include "onestep/io/png.h"

#include <cmath>

#include "train/program/training_program.h"

namespace onestep::testing {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr std::int64_t kPictures = 4;

class Overfit : public TrainingProgram {
 protected:
  /// The quickstart's model on four pictures, each seen at every step.
  fs::path four_pictures() const {
    const fs::path quickstart = ONESTEP_SOURCE_DIR "/recipes/quickstart.json";
    json recipe = json::parse(file_bytes(quickstart));
    recipe["scratch"]["vae"] = ONESTEP_SOURCE_DIR "/models/quickstart_autoencoder";
    recipe["data"][0]["count"] = kPictures;
    recipe["batch"] = kPictures;
    recipe["flip"] = 0;
    recipe["steps"] = 200;
    recipe["schedule"] = {{"warmup", 10}, {"total", 200}, {"final_ratio", 0.05}};
    recipe["validate_every"] = 0;
    return this->recipe(recipe);
  }
};

/// Mean |a - g| / g after alignment.
double relative_error(const Array& prediction, const Array& truth) {
  Array mask(DType::uint8, truth.shape());
  for (std::uint8_t& valid : mask.mutable_view<std::uint8_t>()) valid = 1;
  const ScaleShift fit = fit_scale_shift(prediction, truth, mask);
  const auto p = prediction.view<float>();
  const auto g = truth.view<float>();
  double sum = 0;
  for (std::size_t i = 0; i < g.size(); ++i) {
    sum += std::abs(fit.scale * p[i] + fit.shift - g[i]) / g[i];
  }
  return sum / static_cast<double>(g.size());
}

TEST_F(Overfit, LearnsFourPicturesByHeart) {
  const ProcessResult trained = train(four_pictures(), "run");
  ASSERT_EQ(trained.exit_status, 0) << trained.err;
  const std::vector<json> entries = log("run");
  const double first = entries.front().at("loss");
  const double last = entries.back().at("loss");
  EXPECT_LT(last, first / 10) << first << " to " << last;

  const auto scenes = analytic_scenes({.count = kPictures, .height = 64, .width = 96, .seed = 0});
  for (std::int64_t i = 0; i < kPictures; ++i) {
    const Sample sample = scenes->read(i);
    const std::string name = "scene" + std::to_string(i);
    write_png(path(name + ".png"), sample.image);
    const ProcessResult predicted =
        run_process({ONESTEP_PROGRAM, "predict", path(name + ".png").string(), "-m",
                     (path("run") / "model").string(), "-o", path("out").string()});
    ASSERT_EQ(predicted.exit_status, 0) << predicted.err;
    const Array depth = read_npy(path("out") / (name + "_depth.npy"));
    EXPECT_LT(relative_error(depth, sample.depth_m), 0.05) << name;
  }
}

}  // namespace
}  // namespace onestep::testing
