#include "onestep/pipelines/estimator.h"
#include "onestep/pipelines/scheduling/scheduler_config.h"
#include "onestep/pipelines/stages/decoded_map.h"
#include "onestep/pipelines/stages/prepared_image.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "pipelines/checkpoint_copy.h"

namespace onestep {
namespace {

using testing::error_of;

void expect_size(const ImageSize& size, std::int64_t height, std::int64_t width) {
  EXPECT_EQ(size.height, height);
  EXPECT_EQ(size.width, width);
}

TEST(ProcessedSize, MakesTheLongerSideTheResolution) {
  expect_size(processed_size(1536, 2048, 768), 576, 768);
  expect_size(processed_size(2048, 1536, 768), 768, 576);
}

TEST(ProcessedSize, EnlargesSmallImages) {
  expect_size(processed_size(61, 47, 64), 64, 49);
}

TEST(ProcessedSize, TruncatesAsTheReferenceAndLosesAPixel) {
  expect_size(processed_size(375, 1241, 640), 193, 639);
}

TEST(ProcessedSize, LeavesNativeImagesAlone) {
  expect_size(processed_size(33, 95, 0), 33, 95);
}

TEST(ProcessedSize, RefusesANegativeResolution) {
  EXPECT_THROW(processed_size(10, 10, -5), Error);
  EXPECT_THROW(processed_size(0, 10, 768), Error);
}

TEST(SizeOfArea, HasTheAreaAndTheAspectInMultiplesOf16) {
  constexpr int kArea = 96 * 128;
  expect_size(size_of_area(480, 640, kArea), 96, 128);
  expect_size(size_of_area(640, 480, kArea), 128, 96);
  expect_size(size_of_area(400, 600, kArea), 96, 144);
  expect_size(size_of_area(1080, 1920, kArea), 80, 144);
  expect_size(size_of_area(512, 512, kArea), 112, 112);
  expect_size(size_of_area(64, 208, kArea), 64, 208);
  expect_size(size_of_area(375, 1242, kArea), 64, 208);
}

TEST(SizeOfArea, EnlargesSmallPictures) {
  expect_size(size_of_area(3, 4, 96 * 128), 96, 128);
  expect_size(size_of_area(1, 1, 256), 16, 16);
}

TEST(SizeOfArea, HasMultiplesOf8WhereTheAspectWouldChange) {
  expect_size(size_of_area(1024, 1280, 96 * 128), 96, 120);
  expect_size(size_of_area(100, 2000, 96 * 128), 24, 488);
}

TEST(SizeOfArea, KeepsAspectAndAreaOfEveryPhotograph) {
  for (std::int64_t width = 100; width <= 4000; width += 7) {
    const ImageSize size = size_of_area(1000, width, 96 * 128);
    const auto area = static_cast<double>(size.height * size.width);
    const double aspect = static_cast<double>(size.width) / static_cast<double>(size.height);
    const double wanted = static_cast<double>(width) / 1000;
    EXPECT_EQ(size.height % 8 + size.width % 8, 0) << width;
    EXPECT_NEAR(aspect / wanted, 1, 0.1) << width;
    EXPECT_NEAR(area / (96 * 128), 1, 0.25) << width;
  }
}

TEST(SizeOfArea, RefusesAPictureWithoutPixels) {
  EXPECT_THROW(size_of_area(0, 10, 12288), Error);
}

TEST(NetworkImage, MapsBlackAndWhiteToTheEndsOfTheRange) {
  const Array rgb = Array::of<std::uint8_t>({1, 1, 3}, {0, 255, 51});
  const Array image = network_image(rgb);
  EXPECT_EQ(image.shape(), (Shape{1, 1, 1, 3}));
  const auto values = image.view<float>();
  EXPECT_EQ(values[0], -1.0F);
  EXPECT_EQ(values[1], 1.0F);
  EXPECT_NEAR(values[2], -0.6F, 1e-6F);
}

TEST(DepthFromDecoded, SpreadsTheMeanOfTheChannelsOverTheUnitRange) {
  // Means -0.5, 0, 0.5.
  const Array decoded = Array::of<float>({1, 1, 3, 3}, {-1.5F, 0, 0, -1, 0, 1, 0.25F, 0.5F, 0.75F});
  const auto depth = spread_over_unit_range(depth_from_decoded(decoded));
  EXPECT_EQ(depth.shape(), (Shape{1, 3}));
  EXPECT_NEAR(depth.view<float>()[0], 0.0F, 1e-6F);
  EXPECT_NEAR(depth.view<float>()[1], 0.5F, 1e-6F);
  EXPECT_NEAR(depth.view<float>()[2], 1.0F, 1e-6F);
}

TEST(DepthFromDecoded, ClipsBeforeItSpreads) {
  const Array decoded = Array::of<float>({1, 1, 3, 3}, {-9, -9, -9, 0, 0, 0, 7, 7, 7});
  const auto depth = depth_from_decoded(decoded);
  EXPECT_NEAR(depth.view<float>()[1], 0.5F, 1e-6F);
}

TEST(DepthFromDecoded, MakesAConstantMapZero) {
  const Array decoded = Array::of<float>({1, 1, 2, 3}, std::vector<float>(6, 0.25F));
  const Array depth = spread_over_unit_range(depth_from_decoded(decoded));
  for (const float value : depth.view<float>()) EXPECT_EQ(value, 0.0F);
}

TEST(DepthFromLogCode, IsAFactorNearerAtZeroThanAtOne) {
  const Array depth = depth_from_log_code(Array::of<float>({1, 3}, {0, 0.5F, 1}), 16);
  EXPECT_NEAR(depth.view<float>()[0], 1.0F / 16, 1e-7F);
  EXPECT_NEAR(depth.view<float>()[1], 0.25F, 1e-7F);
  EXPECT_EQ(depth.view<float>()[2], 1.0F);
}

TEST(ResearchNormals, AreDividedTwiceByTheLengthAndALittle) {
  const Array decoded = Array::of<float>({1, 1, 2, 3}, {3, 0, 4, 0, 0, 0});
  const auto normals = softly_normalised(research_normals_from_decoded(decoded));
  EXPECT_EQ(normals.shape(), (Shape{1, 2, 3}));
  const double once = 5.0 / (5.0 + 1e-5);
  const double twice = once / (once + 1e-5);
  EXPECT_NEAR(normals.view<float>()[0], 0.6 * twice, 1e-7);
  EXPECT_NEAR(normals.view<float>()[2], 0.8 * twice, 1e-7);
  for (int c = 3; c < 6; ++c) EXPECT_EQ(normals.view<float>()[static_cast<std::size_t>(c)], 0.0F);
}

TEST(FittedMap, KeepsNormalsUnnormalisedButInTheirRange) {
  const Array normals = Array::of<float>({1, 2, 3}, {1.5F, 0, 0, 0, 1, 0});
  const Array same = fitted_map(normals, Modality::normals, 1, 2, Resample::bilinear);
  EXPECT_EQ(same.view<float>()[0], 1.0F);
  const Array wider = fitted_map(normals, Modality::normals, 1, 4, Resample::bilinear);
  // 0.75 of the left vector and 0.25 of the right one: shorter than 1.
  EXPECT_NEAR(wider.view<float>()[3], 1.0F, 1e-6F);
  EXPECT_NEAR(wider.view<float>()[4], 0.25F, 1e-6F);
}

TEST(FittedMap, TakesNearestAsNearestExact) {
  const Array depth = Array::of<float>({1, 5}, {0.0F, 0.25F, 0.5F, 0.75F, 1.0F});
  const Array nearest = fitted_map(depth, Modality::depth, 1, 2, Resample::nearest);
  // floor((i + 0.5) * 2.5): 1 and 3, where torch's plain nearest takes 0 and 2.
  EXPECT_EQ(nearest.view<float>()[0], 0.25F);
  EXPECT_EQ(nearest.view<float>()[1], 0.75F);
}

DdimConfig parsed(const std::string& json) {
  return ddim_config({"DDIMScheduler", "folder/scheduler_config.json", json});
}

TEST(DdimConfigOfAFile, HasDiffusersDefaultsForMissingAndNullKeys) {
  const DdimConfig config = parsed(R"({"beta_start": null, "skip_prk_steps": true})");
  EXPECT_EQ(config.num_train_timesteps, 1000);
  EXPECT_EQ(config.beta_start, 1e-4);
  EXPECT_EQ(config.beta_schedule, BetaSchedule::linear);
  EXPECT_TRUE(config.clip_sample);
  EXPECT_TRUE(config.set_alpha_to_one);
  EXPECT_EQ(config.prediction_type, PredictionType::epsilon);
  EXPECT_EQ(config.timestep_spacing, TimestepSpacing::leading);
}

TEST(DdimConfigOfAFile, ReadsStableDiffusionsKeys) {
  const DdimConfig config = parsed(R"({"beta_schedule": "scaled_linear", "beta_start": 0.00085,
    "beta_end": 0.012, "clip_sample": false, "set_alpha_to_one": false, "steps_offset": 1,
    "prediction_type": "v_prediction", "timestep_spacing": "linspace",
    "rescale_betas_zero_snr": true, "trained_betas": [0.5, 0.25]})");
  EXPECT_EQ(config.beta_schedule, BetaSchedule::scaled_linear);
  EXPECT_EQ(config.beta_start, 0.00085);
  EXPECT_EQ(config.steps_offset, 1);
  EXPECT_FALSE(config.clip_sample);
  EXPECT_EQ(config.prediction_type, PredictionType::v_prediction);
  EXPECT_EQ(config.timestep_spacing, TimestepSpacing::linspace);
  EXPECT_TRUE(config.rescale_betas_zero_snr);
  EXPECT_EQ(config.trained_betas, (std::vector<double>{0.5, 0.25}));
}

TEST(DdimConfigOfAFile, TakesKeysListedAsDefaultsForAbsent) {
  const DdimConfig config =
      parsed(R"({"_use_default_values": ["steps_offset"], "steps_offset": 1})");
  EXPECT_EQ(config.steps_offset, 0);
}

TEST(DdimConfigOfAFile, NamesFileKeyAndValueOfWhatItCannotRead) {
  const std::string wrong_type = error_of([] { parsed(R"({"beta_end": "high"})"); });
  EXPECT_NE(wrong_type.find("scheduler_config.json"), std::string::npos) << wrong_type;
  EXPECT_NE(wrong_type.find("beta_end"), std::string::npos) << wrong_type;
  const std::string unknown = error_of([] { parsed(R"({"prediction_type": "v_predicton"})"); });
  EXPECT_NE(unknown.find("v_prediction"), std::string::npos) << unknown;
  const std::string broken = error_of([] { parsed("{"); });
  EXPECT_NE(broken.find("not valid JSON"), std::string::npos) << broken;
}

TEST(SingleStepDdimConfig, NeverRescalesAndSpacesAsAsked) {
  const SchedulerFile file{"DDPMScheduler", "scheduler_config.json",
                           R"({"rescale_betas_zero_snr": true, "timestep_spacing": "leading"})"};
  const DdimConfig config = single_step_ddim_config(file, ResolvedOptions{});
  EXPECT_FALSE(config.rescale_betas_zero_snr);
  EXPECT_EQ(config.timestep_spacing, TimestepSpacing::trailing);
}

}  // namespace
}  // namespace onestep
