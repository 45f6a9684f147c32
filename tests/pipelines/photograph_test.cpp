// What a photograph may be: its type, its values, its sides, and what it costs.

#include "onestep/models/config/model_index.h"
#include "onestep/pipelines/estimator.h"
#include "onestep/pipelines/stages/photograph_checks.h"
#include "onestep/pipelines/stages/prepared_image.h"

#include "testing/golden.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "pipelines/checkpoint_copy.h"

namespace onestep {
namespace {

using testing::contains;
using testing::error_of;
using testing::golden_case;
using testing::max_difference;

constexpr Pipeline kPipelines[] = {Pipeline::e2e, Pipeline::e2e_diffusers, Pipeline::marigold};

class Photograph : public ::testing::Test {
 protected:
  static Estimator load(const std::string& model) {
    LoadOptions options;
    options.cpu.threads = 1;
    return Estimator::load(testing::golden_root() + "/models/" + model, options);
  }

  PredictOptions run_by(Pipeline pipeline) const {
    PredictOptions options;
    options.pipeline = pipeline;
    options.steps = 1;
    options.processing_resolution = 48;
    return options;
  }

  std::string refusal(const Array& rgb, const PredictOptions& options = {}) const {
    const std::string message = error_of([&] { estimator_.predict(rgb, options); });
    EXPECT_FALSE(contains(message, "\n")) << message;
    return message;
  }

  /// Levels / 255, each moved by `shift` levels.
  Array floats(float shift = 0) const {
    Array result(DType::float32, levels_.shape());
    const auto from = levels_.view<std::uint8_t>();
    const auto to = result.mutable_view<float>();
    for (std::size_t i = 0; i < from.size(); ++i) {
      to[i] = std::clamp((static_cast<float>(from[i]) + shift) / 255.0F, 0.0F, 1.0F);
    }
    return result;
  }

  const Estimator estimator_ = load("tiny_e2e_depth");
  const Array levels_ = golden_case("e2e.tiny_e2e_depth.gaussian").input("image_0");  // 40x56
};

TEST_F(Photograph, OfFloatsThatAreLevelsIsThatOf8Bits) {
  for (const Pipeline pipeline : kPipelines) {
    const PredictOptions options = run_by(pipeline);
    EXPECT_EQ(max_difference(estimator_.predict(floats(), options).map,
                             estimator_.predict(levels_, options).map),
              0)
        << to_string(pipeline);
  }
}

TEST_F(Photograph, OfFloatsIsRoundedTo8BitsInEndToEndAlone) {
  for (const Pipeline pipeline : kPipelines) {
    PredictOptions options = run_by(pipeline);
    options.processing_resolution = 0;
    options.keep_intermediates = true;
    const auto image = [&](const Array& rgb) {
      return estimator_.predict(rgb, options).intermediates.at("image");
    };
    const double difference = max_difference(image(floats(0.4F)), image(levels_));
    EXPECT_NEAR(difference, pipeline == Pipeline::e2e ? 0 : 2 * 0.4 / 255, 1e-6)
        << to_string(pipeline);
  }
}

TEST_F(Photograph, RoundsHalfALevelToTheEvenOneAsNumPy) {
  const Array halves = Array::of<float>({1, 1, 3}, std::vector<float>{0.5F, 1.5F / 255, -1e-6F});
  const Array levels = eight_bit_levels(halves);
  EXPECT_EQ(levels.view<std::uint8_t>()[0], 128);  // 127.5
  EXPECT_EQ(levels.view<std::uint8_t>()[1], 2);
  EXPECT_EQ(levels.view<std::uint8_t>()[2], 0);
}

TEST_F(Photograph, OfFloatsBeyondTheUnitRangeIsRefused) {
  constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  for (const Pipeline pipeline : kPipelines) {
    for (const float value : {kNan, kInfinity, -0.001F, 1.001F, 200.0F}) {
      Array rgb = floats();
      rgb.mutable_view<float>()[3 * (2 * 56 + 5) + 1] = value;
      const std::string message = refusal(rgb, run_by(pipeline));
      EXPECT_TRUE(contains(message, "row 2, column 5")) << message;
      EXPECT_TRUE(contains(message, "floats must be in [0, 1]")) << message;
      EXPECT_EQ(contains(message, "divide by 255"), value > 1) << message;
    }
  }
}

TEST_F(Photograph, OfFloatsMayLeaveTheUnitRangeByRounding) {
  for (const Pipeline pipeline : kPipelines) {
    Array exact = floats();
    Array rounded = floats();
    const auto in_range = exact.mutable_view<float>();
    const auto beyond = rounded.mutable_view<float>();
    in_range[0] = 0, beyond[0] = -5e-6F;
    in_range[1] = 1, beyond[1] = 1.000005F;
    const PredictOptions options = run_by(pipeline);
    EXPECT_EQ(max_difference(estimator_.predict(rounded, options).map,
                             estimator_.predict(exact, options).map),
              0);
  }
}

/// The number after "at least " in the remedy.
int resolution_in(const std::string& message) {
  const std::string words = "choose a processing resolution of at least ";
  const auto found = message.find(words);
  return found == std::string::npos ? 0 : std::stoi(message.substr(found + words.size()));
}

TEST_F(Photograph, WhoseShorterSideVanishesIsRefusedWithWhatHelps) {
  const std::string message = refusal(Array(DType::uint8, {10, 1000, 3}));
  EXPECT_TRUE(contains(message, "1000x10")) << message;
  EXPECT_TRUE(contains(message, "both sides must be at least 8 then")) << message;
  EXPECT_TRUE(contains(message, "crop the image or choose")) << message;
  EXPECT_EQ(resolution_in(message), 800);
  // And the resolution that it names is the least that is enough.
  for (const Pipeline pipeline : kPipelines) {
    const Array narrow(DType::uint8, {211, 3, 3});
    PredictOptions options = run_by(pipeline);
    const int resolution = resolution_in(refusal(narrow, options));
    ASSERT_GT(resolution, 0);
    options.processing_resolution = resolution - 1;
    EXPECT_EQ(resolution_in(refusal(narrow, options)), resolution);
    options.processing_resolution = resolution;
    options.match_input = false;
    EXPECT_EQ(estimator_.predict(narrow, options).map.rank(), 2U);
  }
}

TEST_F(Photograph, IsNotToBeCroppedOrEnlargedWhereThatCannotHelp) {
  PredictOptions options = run_by(Pipeline::e2e);
  const std::string too_long = refusal(Array(DType::uint8, {1, 20000, 3}), options);
  EXPECT_TRUE(contains(too_long, ": crop the image")) << too_long;
  EXPECT_EQ(resolution_in(too_long), 0) << "160000 is more than is allowed";
  options.processing_resolution = 0;
  const std::string tiny = refusal(Array(DType::uint8, {4, 6, 3}), options);
  EXPECT_FALSE(contains(tiny, "crop")) << tiny;
  EXPECT_EQ(resolution_in(tiny), 12);
  const std::string both = refusal(Array(DType::uint8, {1, 20000, 3}), options);
  EXPECT_TRUE(contains(both, "crop the image and choose")) << both;
  EXPECT_EQ(resolution_in(both), 8);
  const std::string strip = refusal(Array(DType::uint8, {3000, 1, 3}), options);
  EXPECT_TRUE(contains(strip, "crop the image and choose")) << "24000 pixels would be enough";
  EXPECT_EQ(resolution_in(strip), 8);
}

/// An engine that plans no arena is held to the rest.
TEST(CheckMemory, CountsTheArenaAndTheHostArrays) {
  const HostWork small = {.size = {64, 64}};
  const HostWork huge = {.size = {std::int64_t{1} << 26, std::int64_t{1} << 26}};
  constexpr std::int64_t kNoMachine = std::int64_t{1} << 60;
  EXPECT_NO_THROW(check_memory(0, small));
  EXPECT_THROW(check_memory(kNoMachine, small), Error);
  EXPECT_THROW(check_memory(0, huge), Error);
}

TEST_F(Photograph, ThatNoMemoryCouldHoldIsRefused) {
  PredictOptions options;
  options.processing_resolution = kMostProcessingResolution;
  options.keep_intermediates = true;
  const std::string message = refusal(Array(DType::uint8, {64, 64, 3}), options);
  EXPECT_TRUE(contains(message, "32768x32768 pixels")) << message;
  EXPECT_TRUE(contains(message, "GiB")) << message;
  EXPECT_TRUE(contains(message, "lower the processing resolution")) << message;
}

TEST_F(Photograph, WhoseEnsembleNoMemoryCouldHoldIsRefused) {
  for (const std::string model : {"tiny_e2e_depth", "tiny_e2e_normals"}) {
    const Estimator estimator = load(model);
    for (const Pipeline pipeline : kPipelines) {
      PredictOptions options = run_by(pipeline);
      options.noise = NoiseKind::gaussian;
      options.ensemble_size = 1024;
      options.processing_resolution = 4096;
      const std::string message = error_of([&] {
        estimator.predict(Array(DType::uint8, {64, 64, 3}), options);
      });
      EXPECT_FALSE(contains(message, "\n")) << message;
      EXPECT_TRUE(contains(message, "ensemble of 1024 members")) << message;
      EXPECT_TRUE(contains(message, "lower the processing resolution")) << message;
    }
  }
}

TEST_F(Photograph, HasOneGreatestResolutionForCallersAndCheckpoints) {
  PredictOptions options;
  options.processing_resolution = kMostProcessingResolution + 1;
  EXPECT_TRUE(contains(refusal(levels_, options), "at most 32768"));
  options.processing_resolution = -1;
  EXPECT_TRUE(contains(refusal(levels_, options), "processing resolution is -1"));
  const testing::TemporaryFolder temporary;
  const auto folder = testing::copy_golden_model("tiny_e2e_depth", temporary.path());
  testing::edit_json(folder / "model_index.json", [](nlohmann::json& index) {
    index["default_processing_resolution"] = kMostProcessingResolution;
  });
  EXPECT_EQ(DiffusersFolder::open(folder).index().default_processing_resolution, 32768);
}

}  // namespace
}  // namespace onestep
