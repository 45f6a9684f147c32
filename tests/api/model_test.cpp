#include "onestep/api/onestep.h"
#include "onestep/base/thread_pool.h"
#include "onestep/pipelines/estimator.h"
#include "onestep/tensor/array.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <condition_variable>
#include <cstdint>
#include <filesystem>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "api/small_models.h"

namespace onestep {
namespace {

using testing::kColumns;
using testing::kRows;
using testing::load_small;
using testing::message_of;
using testing::numbers;
using testing::pattern;
using testing::says;

TEST(Model, PredictsWhatTheEstimatorBelowPredicts) {
  const auto rgb = pattern();
  const Estimate estimate = load_small().predict({rgb.data(), kRows, kColumns});
  LoadOptions options;
  options.cpu.threads = 1;
  Estimator below = Estimator::load(
      std::string(ONESTEP_SOURCE_DIR) + "/tests/goldens/models/tiny_e2e_depth", options);
  const Prediction expected = below.predict(Array::of<std::uint8_t>({kRows, kColumns, 3}, rgb));
  const auto values = expected.map.view<float>();
  EXPECT_EQ(numbers(estimate), std::vector<float>(values.begin(), values.end()));
}

TEST(Model, SaysWhatItPredicts) {
  const Model depth = load_small();
  EXPECT_EQ(depth.quantity(), Quantity::depth);
  EXPECT_EQ(depth.threads(), 1);
  EXPECT_FALSE(depth.simd().empty());
  EXPECT_EQ(load_small("tiny_e2e_normals").quantity(), Quantity::normals);
  EXPECT_EQ(load_small("tiny_e2e_depth", {.modality = "normals"}).quantity(), Quantity::normals);
  EXPECT_EQ(std::count(version().begin(), version().end(), '.'), 2);
}

TEST(Estimate, OfDepthCoversTheUnitRange) {
  const auto rgb = pattern();
  const Estimate depth = load_small().predict({rgb.data(), kRows, kColumns});
  EXPECT_EQ(depth.quantity(), Quantity::depth);
  EXPECT_EQ(depth.height(), kRows);
  EXPECT_EQ(depth.width(), kColumns);
  EXPECT_EQ(depth.channels(), 1);
  EXPECT_EQ(*std::min_element(depth.values().begin(), depth.values().end()), 0.0F);
  EXPECT_EQ(*std::max_element(depth.values().begin(), depth.values().end()), 1.0F);
  EXPECT_EQ(depth.at(2, 5), depth.values()[2 * kColumns + 5]);
  EXPECT_TRUE(depth.scale_invariant());
  EXPECT_TRUE(depth.shift_invariant());
  EXPECT_EQ(depth.normal_frame(), "");
  EXPECT_TRUE(depth.uncertainty().empty());
}

TEST(Estimate, OfNormalsNamesItsFrame) {
  const auto rgb = pattern();
  const Estimate normals = load_small("tiny_e2e_normals").predict({rgb.data(), kRows, kColumns});
  EXPECT_EQ(normals.quantity(), Quantity::normals);
  EXPECT_EQ(normals.channels(), 3);
  EXPECT_EQ(normals.values().size(), static_cast<std::size_t>(kRows * kColumns * 3));
  EXPECT_EQ(normals.at(1, 2, 1), normals.values()[(kColumns + 2) * 3 + 1]);
  EXPECT_EQ(normals.normal_frame(), "dsine");
  EXPECT_FALSE(normals.scale_invariant());
}

TEST(Estimate, OfNormalsComesInTheFrameThatWasAskedFor) {
  const auto rgb = pattern();
  const Model model = load_small("tiny_e2e_normals");
  const Estimate own = model.predict({rgb.data(), kRows, kColumns});
  const Estimate other = model.predict({rgb.data(), kRows, kColumns},
                                       {.normal_frame = "opencv", .unit_normals = true});
  EXPECT_EQ(other.normal_frame(), "opencv");
  const float length = std::hypot(own.at(1, 2, 0), own.at(1, 2, 1), own.at(1, 2, 2));
  for (int c = 0; c < 3; ++c) {
    EXPECT_NEAR(other.at(1, 2, c) * length, -own.at(1, 2, c), 1e-6);
  }
  EXPECT_TRUE(says(model.describe(other, "a.jpg"), "converted from dsine"));
  EXPECT_TRUE(
      says(message_of([&] {
             load_small().predict({rgb.data(), kRows, kColumns}, {.normal_frame = "opencv"});
           }),
           "predicts depth"));
}

TEST(Model, AndEstimateAreThereAfterAMove) {
  const auto rgb = pattern();
  Model model = load_small();
  const Model moved = std::move(model);
  Estimate depth = model.predict({rgb.data(), kRows, kColumns});  // NOLINT(bugprone-use-after-move)
  const Estimate taken = std::move(depth);
  EXPECT_EQ(depth.values().data(), taken.values().data());  // NOLINT(bugprone-use-after-move)
}

TEST(Estimate, OutlivesItsModel) {
  const auto rgb = pattern();
  std::optional<Model> model = load_small();
  const Estimate depth = model->predict({rgb.data(), kRows, kColumns});
  const auto before = numbers(depth);
  model.reset();
  EXPECT_EQ(numbers(depth), before);
}

TEST(Model, KeepsToTheOptions) {
  const auto rgb = pattern();
  const PixelView view(rgb.data(), kRows, kColumns);
  const Model model = load_small();
  const Estimate small = model.predict(view, {.processing_resolution = 32, .match_input = false});
  EXPECT_EQ(small.width(), 32);
  EXPECT_EQ(numbers(model.predict(view, {.noise = "gaussian", .seed = 3})),
            numbers(model.predict(view, {.noise = "gaussian", .seed = 3})));
  EXPECT_NE(numbers(model.predict(view, {.noise = "gaussian", .seed = 3})),
            numbers(model.predict(view, {.noise = "gaussian", .seed = 4})));
}

TEST(Model, ReportsProgressInOrderOnTheCallersThread) {
  const auto rgb = pattern();
  double last = 0;
  std::vector<std::string> stages;
  EstimateOptions options;
  options.on_progress = [&, caller = std::this_thread::get_id()](const EstimateProgress& progress) {
    EXPECT_EQ(std::this_thread::get_id(), caller);
    EXPECT_GE(progress.fraction, last);
    last = progress.fraction;
    if (stages.empty() || stages.back() != progress.stage) stages.emplace_back(progress.stage);
  };
  load_small("tiny_e2e_depth", {.threads = 2}).predict({rgb.data(), kRows, kColumns}, options);
  EXPECT_EQ(stages, (std::vector<std::string>{"encode", "denoise", "decode"}));
  EXPECT_NEAR(last, 1, 1e-6);
}

TEST(Model, GivesThreadsTheNumbersOfOneAfterTheOther) {
  const Model model = load_small("tiny_e2e_depth", {.threads = 2});
  std::vector<std::vector<std::uint8_t>> pictures;
  std::vector<std::vector<float>> expected;
  for (int kind = 0; kind < 4; ++kind) {
    pictures.push_back(pattern(3, kind));
    expected.push_back(numbers(model.predict({pictures.back().data(), kRows, kColumns})));
  }
  EXPECT_NE(expected[0], expected[1]);
  std::vector<std::vector<float>> found(pictures.size());
  {
    std::vector<std::jthread> threads;
    for (std::size_t i = 0; i < pictures.size(); ++i) {
      threads.emplace_back([&, i] {
        for (int again = 0; again < 2; ++again) {
          found[i] = numbers(model.predict({pictures[i].data(), kRows, kColumns}));
        }
      });
    }
  }
  EXPECT_EQ(found, expected);
}

TEST(Model, PredictsSideBySideWhereEveryPredictionHasAProcessor) {
  if (available_processors() < 2) GTEST_SKIP() << "one processor: one prediction at a time";
  const auto rgb = pattern();
  const Model model = load_small("tiny_e2e_depth", {.threads = 1});
  // Neither goes on before both have begun.
  std::mutex mutex;
  std::condition_variable begun;
  int count = 0;
  const auto predict = [&](std::vector<float>& found) {
    EstimateOptions options;
    options.on_progress = [&, first = true](const EstimateProgress& /*progress*/) mutable {
      if (!std::exchange(first, false)) return;
      std::unique_lock lock(mutex);
      ++count;
      begun.notify_all();
      EXPECT_TRUE(begun.wait_for(lock, std::chrono::seconds(60), [&] { return count == 2; }));
    };
    found = numbers(model.predict({rgb.data(), kRows, kColumns}, options));
  };
  std::vector<float> one;
  std::vector<float> other;
  {
    const std::jthread first([&] { predict(one); });
    const std::jthread second([&] { predict(other); });
  }
  EXPECT_EQ(one, numbers(model.predict({rgb.data(), kRows, kColumns})));
  EXPECT_EQ(other, one);
}

TEST(Model, LivesOnBesideAnother) {
  const auto rgb = pattern();
  const PixelView view(rgb.data(), kRows, kColumns);
  const Model depth = load_small();
  const Model normals = load_small("tiny_e2e_normals");
  std::vector<float> first;
  std::vector<float> second;
  {
    const std::jthread one([&] { first = numbers(depth.predict(view)); });
    const std::jthread other([&] { second = numbers(normals.predict(view)); });
  }
  EXPECT_EQ(first, numbers(depth.predict(view)));
  EXPECT_EQ(second, numbers(normals.predict(view)));
}

class SavedEstimate : public ::testing::Test {
 protected:
  SavedEstimate() : folder_(::testing::TempDir() + "onestep_api_XXXXXX") {
    EXPECT_NE(mkdtemp(folder_.data()), nullptr);
  }
  ~SavedEstimate() override { std::filesystem::remove_all(folder_); }

  std::string folder_;
};

TEST_F(SavedEstimate, IsWrittenInTheFormatsThatWereAskedFor) {
  const auto rgb = pattern();
  const Model model = load_small();
  const Estimate depth = model.predict({rgb.data(), kRows, kColumns});
  const auto files = model.save(depth, "pictures/wall.jpg", {.folder = folder_ + "/out"});
  EXPECT_EQ(files.size(), 4U);
  for (const auto& file : files) EXPECT_TRUE(std::filesystem::exists(file)) << file;
  const auto alone = model.save(depth, "floor.jpg", {.folder = folder_, .formats = {"npy"}});
  EXPECT_EQ(alone, (std::vector<std::filesystem::path>{folder_ + "/floor_depth.npy"}));
}

TEST_F(SavedEstimate, BringsItsUncertainty) {
  const auto rgb = pattern();
  const Model model = load_small();
  EstimateOptions options;
  options.noise = "gaussian";
  options.ensemble_size = 2;
  options.uncertainty = true;
  const Estimate depth = model.predict({rgb.data(), kRows, kColumns}, options);
  model.save(depth, "wall.jpg", {.folder = folder_, .formats = {"npy"}});
  EXPECT_TRUE(std::filesystem::exists(folder_ + "/wall_uncertainty.npy"));
}

TEST_F(SavedEstimate, IsRefusedByAnotherModel) {
  const auto rgb = pattern();
  const Model model = load_small();
  const Model copy = model;
  const Model other = load_small();
  const Estimate depth = model.predict({rgb.data(), kRows, kColumns});
  EXPECT_EQ(copy.save(depth, "a.jpg", {.folder = folder_, .formats = {"npy"}}).size(), 1U);
  EXPECT_TRUE(
      says(message_of([&] { other.save(depth, "a.jpg", {.folder = folder_}); }), "another model"));
  EXPECT_TRUE(says(message_of([&] { model.save(depth, "", {.folder = folder_}); }), "name"));
  EXPECT_TRUE(
      says(message_of([&] { model.save(depth, "a.jpg", {.folder = folder_, .formats = {"ppm"}}); }),
           "ppm"));
}

TEST(Model, DescribesWhatTheNumbersMean) {
  const auto rgb = pattern();
  const Model model = load_small();
  const std::string json =
      model.describe(model.predict({rgb.data(), kRows, kColumns}), "photo.jpg");
  EXPECT_TRUE(says(json, "\"photo.jpg\""));
  EXPECT_TRUE(says(json, "\"affine-invariant depth\""));
}

}  // namespace
}  // namespace onestep
