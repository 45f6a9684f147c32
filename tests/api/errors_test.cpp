#include "onestep/api/onestep.h"

#include <gtest/gtest.h>

#include <stdexcept>
#include <stop_token>
#include <string>
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

TEST(LoadModel, RefusesInOneLineWhatIsNoModel) {
  const std::string message = message_of([] { Model::load("/no/such/model"); });
  EXPECT_TRUE(says(message, "/no/such/model"));
  EXPECT_EQ(message.find('\n'), std::string::npos);
}

TEST(LoadModel, RefusesOptionsThatNobodyKnows) {
  EXPECT_TRUE(says(message_of([] { load_small("tiny_e2e_depth", {.simd = "mmx"}); }), "mmx"));
  EXPECT_THROW(load_small("tiny_e2e_depth", {.threads = -1}), Error);
  EXPECT_TRUE(says(message_of([] { load_small("tiny_e2e_depth", {.modality = "albedo"}); }),
                   "use depth or normals"));
  EXPECT_THROW(load_small("tiny_e2e_depth", {.prompt_tokens = 5}), Error);
}

TEST(LoadModel, StopsOnRequest) {
  std::stop_source source;
  ModelOptions options;
  options.stop = source.get_token();
  options.on_progress = [&](double) { source.request_stop(); };
  EXPECT_THROW(load_small("tiny_e2e_depth", options), Cancelled);
}

TEST(LoadModel, LetsTheCallbacksExceptionThrough) {
  ModelOptions options;
  options.on_progress = [](double) { throw std::out_of_range("the caller's own"); };
  EXPECT_THROW(load_small("tiny_e2e_depth", options), std::out_of_range);
}

class PredictErrors : public ::testing::Test {
 protected:
  Estimate predict(const EstimateOptions& options) const {
    return model_.predict({rgb_.data(), kRows, kColumns}, options);
  }
  std::string refusal(const EstimateOptions& options) const {
    return message_of([&] { predict(options); });
  }

  const Model model_ = load_small();
  const std::vector<std::uint8_t> rgb_ = pattern();
};

TEST_F(PredictErrors, StopInEveryStageLeavesTheModelUsable) {
  const auto expected = numbers(predict({}));
  for (const std::string stage : {"encode", "denoise", "decode"}) {
    std::stop_source source;
    EstimateOptions options;
    options.stop = source.get_token();
    options.on_progress = [&](const EstimateProgress& progress) {
      if (progress.stage == stage) source.request_stop();
    };
    EXPECT_THROW(predict(options), Cancelled) << stage;
  }
  EXPECT_EQ(numbers(predict({})), expected);
}

TEST_F(PredictErrors, StopBeforeTheStartIsHeeded) {
  std::stop_source source;
  source.request_stop();
  EXPECT_THROW(predict({.stop = source.get_token()}), Cancelled);
}

TEST_F(PredictErrors, OfACallbackPassThroughAsTheyAre) {
  const auto expected = numbers(predict({}));
  EstimateOptions options;
  options.on_progress = [](const EstimateProgress&) {
    throw std::out_of_range("the caller's own");
  };
  EXPECT_THROW(predict(options), std::out_of_range);
  options.on_progress = [](const EstimateProgress&) { throw 7; };
  EXPECT_THROW(predict(options), int);
  EXPECT_EQ(numbers(predict({})), expected);
}

TEST_F(PredictErrors, NameTheWordThatIsUnknown) {
  EXPECT_TRUE(says(refusal({.pipeline = "e3e"}), "e3e"));
  EXPECT_TRUE(says(refusal({.spacing = "trailin"}), "trailing"));
  EXPECT_TRUE(says(refusal({.prediction_type = "velocity"}), "velocity"));
  EXPECT_TRUE(says(refusal({.noise = "zero"}), "zeros"));
  EXPECT_TRUE(says(refusal({.resample_input = "bicubi"}), "bicubic"));
  EXPECT_TRUE(says(refusal({.resample_output = "are"}), "area"));
  EXPECT_TRUE(says(refusal({.alignment = "fitted"}), "fit"));
  EXPECT_TRUE(says(refusal({.reduction = "medium"}), "median"));
}

TEST_F(PredictErrors, NameTheNumberThatIsOutOfRange) {
  EXPECT_TRUE(says(refusal({.steps = 0}), "steps is 0"));
  EXPECT_THROW(predict({.steps = 100000}), Error);
  EXPECT_THROW(predict({.processing_resolution = -1}), Error);
  EXPECT_THROW(predict({.ensemble_size = 0}), Error);
  EXPECT_THROW(predict({.batch = 0}), Error);
  EXPECT_THROW(predict({.uncertainty = true}), Error);
}

TEST_F(PredictErrors, TellWhatIsBeyondTheEdges) {
  const Estimate depth = predict({});
  EXPECT_TRUE(says(message_of([&] { depth.at(kRows, 0); }), "40x56x1"));
  EXPECT_THROW(depth.at(0, -1), Error);
  EXPECT_THROW(depth.at(0, 0, 1), Error);
}

}  // namespace
}  // namespace onestep
