#include "onestep/output/write_prediction.h"

#include "testing/golden.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <string>
#include <vector>

#include "output/output_folder.h"

namespace onestep {
namespace {

using nlohmann::json;

class Describe : public testing::OutputFolder {};

TEST_F(Describe, SaysWhatADepthMapMeans) {
  Estimator estimator = load("tiny_e2e_depth");
  const Prediction prediction = predict(estimator);
  write_prediction(prediction, estimator, "in/photo.png", everything());
  const json said = read_json(everything().folder / "photo.json");
  EXPECT_EQ(said.at("input"), "in/photo.png");
  EXPECT_EQ(said.at("prediction").at("modality"), "depth");
  EXPECT_EQ(said.at("prediction").at("kind"), "affine-invariant depth");
  EXPECT_EQ(said.at("prediction").at("range"), (json{0, 1}));
  EXPECT_EQ(said.at("prediction").at("near"), 0);
  EXPECT_EQ(said.at("prediction").at("far"), 1);
  EXPECT_TRUE(said.at("prediction").at("unit").is_null());
  EXPECT_EQ(said.at("pipeline").at("name"), "e2e");
  EXPECT_EQ(said.at("pipeline").at("reason"), estimator.kind().reason);
  EXPECT_EQ(said.at("model").at("class"), "MarigoldDepthPipeline");
  EXPECT_EQ(said.at("options"), (json{{"steps", 1},
                                      {"scheduler", "ddim"},
                                      {"spacing", "trailing"},
                                      {"prediction_type", "v_prediction"},
                                      {"noise", "zeros"},
                                      {"seed", 12},
                                      {"processing_resolution", 64},
                                      {"processing_pixels", nullptr},
                                      {"resample_input", "bilinear"},
                                      {"resample_output", "bilinear"},
                                      {"match_input", true},
                                      {"ensemble", {{"size", 1}, {"batch", 1}}},
                                      {"prompt_tokens", 2}}));
  EXPECT_EQ(said.at("sizes").at("input"), (json{{"width", 56}, {"height", 40}}));
  EXPECT_EQ(said.at("sizes").at("processed"), (json{{"width", 64}, {"height", 45}}));
  EXPECT_EQ(said.at("sizes").at("output"), (json{{"width", 56}, {"height", 40}}));
  EXPECT_GT(said.at("peak_memory_bytes").get<double>(), 1e6);
  EXPECT_EQ(said.at("device").at("name"), "cpu");
  EXPECT_EQ(said.at("device").at("library"), nullptr);
  EXPECT_EQ(said.at("device").at("simd"), estimator.engine().simd);
  EXPECT_EQ(said.at("device").at("threads"), 1);
  for (const char* stage : {"load_model", "prepare", "encode", "denoise", "decode", "finish"}) {
    EXPECT_GE(said.at("seconds").at(stage).get<double>(), 0.0) << stage;
  }
  EXPECT_GT(said.at("seconds").at("image").get<double>(), 0.0);
  EXPECT_EQ(said.at("files").size(), 5U);
  for (const json& file : said.at("files")) {
    EXPECT_TRUE(std::filesystem::exists(file.at("path").get<std::string>())) << file;
  }
}

TEST_F(Describe, SaysInWhichFrameNormalsAre) {
  Estimator estimator = load("tiny_e2e_normals");
  const json said = json::parse(describe(predict(estimator), estimator, "photo.png", {}, true));
  EXPECT_EQ(said.at("prediction").at("kind"), "surface normals");
  EXPECT_EQ(said.at("prediction").at("range"), (json{-1, 1}));
  const json& frame = said.at("prediction").at("frame");
  EXPECT_EQ(frame.at("name"), "dsine");
  EXPECT_EQ(frame.at("x"), "left");
  EXPECT_EQ(frame.at("y"), "up");
  EXPECT_EQ(frame.at("z"), "to the viewer");
}

TEST_F(Describe, SaysThatTheModalityWasChosenAgainstTheFolder) {
  Estimator estimator = load("tiny_e2e_normals", Modality::depth);
  const json said = json::parse(describe(predict(estimator), estimator, "photo.png", {}, true));
  const std::string reason = said.at("prediction").at("modality_reason");
  EXPECT_NE(reason.find("explicitly"), std::string::npos) << reason;
  EXPECT_NE(reason.find("normals"), std::string::npos) << reason;
}

TEST_F(Describe, SaysThatTheNearEndOfDisparityIsOne) {
  Estimator estimator = load("tiny_e2e_depth");
  Prediction prediction = predict(estimator);
  prediction.disparity = true;
  const json said = json::parse(describe(prediction, estimator, "photo.png", {}, true));
  EXPECT_EQ(said.at("prediction").at("kind"), "affine-invariant disparity");
  EXPECT_EQ(said.at("prediction").at("near"), 1);
}

TEST_F(Describe, ClaimsNoRangeWhereBicubicResizingMayLeaveIt) {
  Estimator depth = load("tiny_e2e_depth");
  Prediction prediction = predict(depth);
  prediction.options.resample_output = Resample::bicubic;
  const auto said = [&] {
    return json::parse(describe(prediction, depth, "photo.png", {}, true)).at("prediction");
  };
  EXPECT_EQ(said().at("range"), (json{0, 1})) << "e2e clips";
  for (const Pipeline pipeline : {Pipeline::marigold, Pipeline::e2e_diffusers}) {
    prediction.options.pipeline = pipeline;
    EXPECT_TRUE(said().at("range").is_null());
    EXPECT_NE(said().at("range_reason").get<std::string>().find("bicubic"), std::string::npos);
  }
  prediction.options.match_input = false;
  EXPECT_EQ(said().at("range"), (json{0, 1}));
}

TEST_F(Describe, ClaimsTheRangeOfUnitVectors) {
  Estimator normals = load("tiny_e2e_normals");
  Prediction prediction = predict(normals);
  prediction.options.resample_output = Resample::bicubic;
  const auto range = [&](Pipeline pipeline, bool unit) {
    prediction.options.pipeline = pipeline;
    prediction.unit_normals = unit;
    return json::parse(describe(prediction, normals, "photo.png", {}, true))
        .at("prediction")
        .at("range");
  };
  EXPECT_TRUE(range(Pipeline::e2e_diffusers, false).is_null());
  EXPECT_EQ(range(Pipeline::e2e_diffusers, true), (json{-1, 1}));
  EXPECT_EQ(range(Pipeline::marigold, false), (json{-1, 1}));
}

/// What the JSON says of an ensemble of three.
json ensemble_of_three(Estimator& estimator, bool bounded = false) {
  PredictOptions options;
  options.noise = NoiseKind::gaussian;
  options.ensemble_size = 3;
  const Array image = testing::golden_case("e2e.tiny_e2e_depth.gaussian").input("image_0");
  Prediction prediction = estimator.predict(image, options);
  prediction.alignment_bounded = bounded;
  return json::parse(describe(prediction, estimator, "photo.png", {}, true))
      .at("options")
      .at("ensemble");
}

TEST_F(Describe, NamesTheReductionOfE2eNormals) {
  Estimator normals = load("tiny_e2e_normals");
  const json said = ensemble_of_three(normals);
  EXPECT_EQ(said.at("reduction"), "angles");
  EXPECT_FALSE(said.contains("alignment"));
}

TEST_F(Describe, SaysWhetherTheAlignmentOfDepthWasBounded) {
  Estimator depth = load("tiny_e2e_depth");
  for (const bool bounded : {false, true}) {
    const json said = ensemble_of_three(depth, bounded);
    EXPECT_EQ(said.at("alignment"), "reference");
    EXPECT_EQ(said.at("alignment_bounded"), bounded);
    EXPECT_EQ(said.at("reduction"), "median");
  }
}

TEST_F(Describe, SaysWhatEachFileHolds) {
  Estimator depth = load("tiny_e2e_depth");
  OutputOptions options = everything();
  options.uncertainty = true;
  const auto files = planned_files("photo", Modality::depth, options);
  const json said = json::parse(describe(predict(depth), depth, "photo.png", files, true));
  std::vector<std::string> contents;
  for (const json& file : said.at("files")) contents.push_back(file.at("contents"));
  EXPECT_EQ(contents,
            (std::vector<std::string>{
                "float32 [H,W]", "16-bit grey, trunc(65535 v)", "8-bit picture, colour map",
                "float32 [H,W], how far the members disagree",
                "8-bit grey, white from the 95th percentile on",
                "intermediate tensors, [E,C,H,W] and others", "this description"}));
}

TEST_F(Describe, PromisesNoSingleMemberOfTheIntermediatesOfAnEnsemble) {
  Estimator estimator = load("tiny_e2e_depth");
  PredictOptions options;
  options.noise = NoiseKind::gaussian;
  options.ensemble_size = 3;
  options.keep_intermediates = true;
  const Array image = testing::golden_case("e2e.tiny_e2e_depth.gaussian").input("image_0");
  const Prediction prediction = estimator.predict(image, options);
  bool members = false;
  for (const auto& [name, array] : prediction.intermediates) {
    members = members || (array.rank() == 4 && array.size(0) == 3);
  }
  EXPECT_TRUE(members);
  write_prediction(prediction, estimator, "photo.png", everything());
  const json said = read_json(everything().folder / "photo.json");
  std::string contents;
  for (const json& file : said.at("files")) {
    const std::string path = file.at("path");
    if (path.ends_with("_intermediates.safetensors")) contents = file.at("contents");
  }
  EXPECT_EQ(contents, "intermediate tensors, [E,C,H,W] and others");
}

TEST_F(Describe, NamesTheWeightFiles) {
  Estimator estimator = load("tiny_e2e_depth");
  const json said = json::parse(describe(predict(estimator), estimator, "photo.png", {}, true));
  const json& weights = said.at("model").at("weights");
  ASSERT_EQ(weights.size(), 3U);
  for (const json& file : weights) {
    EXPECT_TRUE(std::filesystem::exists(estimator.folder().root() / file.get<std::string>()))
        << file;
  }
}

TEST_F(Describe, PutsACompactDescriptionOnOneLine) {
  Estimator estimator = load("tiny_e2e_depth");
  const std::string line = describe(predict(estimator), estimator, "photo.png", {}, true);
  EXPECT_EQ(line.find('\n'), std::string::npos);
}

TEST_F(Describe, EscapesAFileNameThatIsNotUtf8) {
  Estimator estimator = load("tiny_e2e_depth");
  const std::string text = describe(predict(estimator), estimator, "ph\xf6to.png", {}, true);
  EXPECT_TRUE(json::accept(text));
}

}  // namespace
}  // namespace onestep
