#include "onestep/pipelines/estimator.h"

#include "testing/golden.h"

#include <gtest/gtest.h>

#include <string>

#include "pipelines/checkpoint_copy.h"

namespace onestep {
namespace {

using nlohmann::json;
using testing::contains;
using testing::copy_golden_model;
using testing::edit_json;
using testing::error_of;
using testing::TemporaryFolder;
using testing::write_text;

EstimatorKind kind_of_folder(const std::filesystem::path& folder) {
  return kind_of(DiffusersFolder::open(folder));
}

EstimatorKind kind_of_golden(const std::string& model) {
  return kind_of_folder(testing::golden_root() + "/models/" + model);
}

TEST(KindOf, SeesATrailingSingleStepCheckpointAsEndToEnd) {
  const EstimatorKind kind = kind_of_golden("tiny_e2e_normals");
  EXPECT_EQ(kind.name, "e2e");
  EXPECT_TRUE(contains(kind.reason, "trailing")) << kind.reason;
  EXPECT_TRUE(contains(kind.reason, "default_denoising_steps is 1")) << kind.reason;
  EXPECT_EQ(kind.modality, Modality::normals);
  EXPECT_TRUE(contains(kind.modality_reason, "MarigoldNormalsPipeline")) << kind.modality_reason;
  EXPECT_EQ(kind.normal_frame, "dsine");
}

TEST(KindOf, SeesAMultiStepCheckpointAsMarigold) {
  const EstimatorKind kind = kind_of_golden("tiny_marigold_depth");
  EXPECT_EQ(kind.name, "marigold");
  EXPECT_EQ(kind.pipeline, Pipeline::marigold);
  EXPECT_TRUE(contains(kind.reason, "trailing")) << kind.reason;
  EXPECT_TRUE(contains(kind.reason, "default_denoising_steps is 4")) << kind.reason;
  EXPECT_EQ(kind.normal_frame, "opengl");
}

TEST(KindOf, TrustsTheFoldersNameWhenTheSchedulerDoesNotTell) {
  const TemporaryFolder temporary;
  const auto folder =
      copy_golden_model("tiny_marigold_depth", temporary.path(), "marigold-E2E-ft-depth");
  const EstimatorKind kind = kind_of_folder(folder);
  EXPECT_TRUE(contains(kind.reason, "folder's name")) << kind.reason;
  EXPECT_EQ(kind.normal_frame, "dsine");
  EXPECT_EQ(kind_of_folder(folder / "").reason, kind.reason) << "with a slash at the end";
}

TEST(KindOf, FindsTheModelsNameInAHuggingFaceCache) {
  const TemporaryFolder temporary;
  const auto model = temporary.path() / "models--someone--marigold-e2e-ft-depth" / "snapshots";
  std::filesystem::create_directories(model);
  const auto folder = copy_golden_model("tiny_marigold_depth", model, "0123abcd");
  EXPECT_EQ(kind_of_folder(folder).normal_frame, "dsine");
}

TEST(KindOf, FollowsOnestepJsonFirst) {
  const TemporaryFolder temporary;
  const auto folder = copy_golden_model("tiny_e2e_normals", temporary.path());
  write_text(folder / "onestep.json", R"({"estimator": "marigold"})");
  EXPECT_TRUE(contains(kind_of_folder(folder).reason, "onestep.json says marigold"));
  EXPECT_EQ(kind_of_folder(folder).normal_frame, "opengl");
  write_text(folder / "onestep.json", R"({"estimator": "e2e", "normal_frame": "opencv"})");
  EXPECT_EQ(kind_of_folder(folder).normal_frame, "opencv");
  EXPECT_TRUE(contains(kind_of_folder(folder).normal_frame_reason, "onestep.json"));
}

TEST(KindOf, RefusesAnUnknownEstimatorInOnestepJson) {
  const TemporaryFolder temporary;
  const auto folder = copy_golden_model("tiny_e2e_depth", temporary.path());
  write_text(folder / "onestep.json", R"({"estimator": "geowizard"})");
  const std::string message = error_of([&] { kind_of_folder(folder); });
  EXPECT_TRUE(contains(message, "geowizard")) << message;
}

TEST(KindOf, RefusesPlainStableDiffusionInOneLine) {
  const std::string message = error_of([] { kind_of_golden("tiny_sd2"); });
  EXPECT_TRUE(contains(message, "Stable Diffusion")) << message;
  EXPECT_TRUE(contains(message, "predict needs")) << message;
}

TEST(KindOf, RefusesGeoWizardByName) {
  const TemporaryFolder temporary;
  const auto folder = copy_golden_model("tiny_e2e_depth", temporary.path());
  edit_json(folder / "model_index.json",
            [](json& index) { index["_class_name"] = "DepthNormalEstimationPipeline"; });
  const std::string message = error_of([&] { kind_of_folder(folder); });
  EXPECT_TRUE(contains(message, "GeoWizard")) << message;
  EXPECT_TRUE(contains(message, "not supported yet")) << message;
}

TEST(KindOf, RefusesGeoWizardsFolderWithoutATextEncoder) {
  const TemporaryFolder temporary;
  const auto folder = copy_golden_model("tiny_e2e_depth", temporary.path());
  std::filesystem::remove_all(folder / "text_encoder");
  std::filesystem::remove_all(folder / "tokenizer");
  std::filesystem::create_directory(folder / "image_encoder");
  edit_json(folder / "model_index.json", [](json& index) {
    index["_class_name"] = "DepthNormalEstimationPipeline";
    index.erase("text_encoder");
    index.erase("tokenizer");
    index["image_encoder"] = {"transformers", "CLIPVisionModelWithProjection"};
  });
  edit_json(folder / "unet" / "config.json", [](json& config) {
    config["class_embed_type"] = "projection";
    config["projection_class_embeddings_input_dim"] = 10;
  });
  const std::string message = error_of([&] { kind_of_folder(folder); });
  EXPECT_TRUE(contains(message, "GeoWizard")) << message;
  EXPECT_TRUE(contains(message, "not supported yet")) << message;
}

TEST(KindOf, RefusesIntrinsicImagesByName) {
  const TemporaryFolder temporary;
  const auto folder = copy_golden_model("tiny_e2e_depth", temporary.path());
  edit_json(folder / "model_index.json", [](json& index) {
    index["_class_name"] = "MarigoldIntrinsicsPipeline";
    index["prediction_type"] = "intrinsics";
  });
  edit_json(folder / "unet" / "config.json", [](json& config) {
    config["in_channels"] = 12;
    config["out_channels"] = 8;
  });
  const std::string message = error_of([&] { kind_of_folder(folder); });
  EXPECT_TRUE(contains(message, "intrinsic")) << message;
  EXPECT_TRUE(contains(message, "not supported yet")) << message;
}

TEST(KindOf, RefusesAnOddNumberOfInputChannels) {
  const TemporaryFolder temporary;
  const auto folder = copy_golden_model("tiny_e2e_depth", temporary.path());
  edit_json(folder / "unet" / "config.json", [](json& config) { config["in_channels"] = 9; });
  const std::string message = error_of([&] { kind_of_folder(folder); });
  EXPECT_TRUE(contains(message, "takes 9 channels")) << message;
}

TEST(KindOf, TakesTheModalityFromPredictionTypeWhenTheClassIsGeneral) {
  const TemporaryFolder temporary;
  const auto folder = copy_golden_model("tiny_e2e_depth", temporary.path());
  const auto with_type = [&](const json& type) {
    edit_json(folder / "model_index.json", [&](json& index) {
      index["_class_name"] = "MarigoldPipeline";
      index["prediction_type"] = type;
    });
    return kind_of_folder(folder);
  };
  EXPECT_EQ(with_type("normals").modality, Modality::normals);
  EXPECT_EQ(with_type("depth").modality, Modality::depth);
  EXPECT_FALSE(with_type("depth").disparity);
  EXPECT_EQ(with_type("disparity").modality, Modality::depth);
  EXPECT_TRUE(with_type("disparity").disparity);
  EXPECT_EQ(with_type(nullptr).modality, std::nullopt);
}

TEST(KindOf, NamesTheSchedulerFileWhenItCannotBeRead) {
  const TemporaryFolder temporary;
  const auto folder = copy_golden_model("tiny_e2e_depth", temporary.path());
  edit_json(folder / "scheduler" / "scheduler_config.json",
            [](json& config) { config["timestep_spacing"] = "trailling"; });
  const std::string message = error_of([&] { kind_of_folder(folder); });
  EXPECT_TRUE(contains(message, "scheduler_config.json")) << message;
  EXPECT_TRUE(contains(message, "trailling")) << message;
  EXPECT_TRUE(contains(message, "trailing\"")) << message;
}

}  // namespace
}  // namespace onestep
