#include "onestep/output/write_prediction.h"

#include "onestep/io/float_images/exr.h"
#include "onestep/io/float_images/pfm.h"
#include "onestep/io/numpy/npy.h"
#include "onestep/io/png.h"
#include "onestep/io/safetensors.h"
#include "onestep/output/peak_memory.h"
#include "onestep/output/presented.h"
#include "onestep/viz/colour_map.h"

#include "testing/golden.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <cmath>
#include <fstream>
#include <iterator>
#include <set>
#include <string>

#include "output/output_folder.h"

namespace onestep {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

class WritePrediction : public testing::OutputFolder {};

TEST_F(WritePrediction, WritesEveryFileOfADepthMap) {
  Estimator estimator = load("tiny_e2e_depth");
  const Prediction prediction = predict(estimator);
  const OutputOptions options = everything();
  const auto written = write_prediction(prediction, estimator, "somewhere/photo.old.jpg", options);
  EXPECT_EQ(paths_of(written), output_files("photo.old", Modality::depth, options));
  EXPECT_EQ(names(options.folder),
            (std::set<std::string>{"photo.old_depth.npy", "photo.old_depth.png",
                                   "photo.old_depth_color.png", "photo.old.json",
                                   "photo.old_intermediates.safetensors"}));

  const Array map = read_npy(options.folder / "photo.old_depth.npy");
  EXPECT_EQ(map.dtype(), DType::float32);
  EXPECT_EQ(map.shape(), (Shape{40, 56}));
  EXPECT_EQ(testing::max_difference(map, prediction.map), 0);

  const Array sixteen = read_png(options.folder / "photo.old_depth.png");
  ASSERT_EQ(sixteen.dtype(), DType::uint16);
  for (std::size_t i = 0; i < 40 * 56; ++i) {
    EXPECT_EQ(sixteen.view<std::uint16_t>()[i],
              static_cast<std::uint16_t>(prediction.map.view<float>()[i] * 65535.0F));
  }
  EXPECT_EQ(read_png(options.folder / "photo.old_depth_color.png").shape(), (Shape{40, 56, 3}));
}

TEST_F(WritePrediction, WritesNormalsWithoutASixteenBitPicture) {
  Estimator estimator = load("tiny_e2e_normals");
  const Prediction prediction = predict(estimator);
  OutputOptions options = everything();
  options.intermediates = false;
  write_prediction(prediction, estimator, "photo.png", options);
  EXPECT_EQ(names(options.folder),
            (std::set<std::string>{"photo_normals.npy", "photo_normals.png", "photo.json"}));
  EXPECT_EQ(read_npy(options.folder / "photo_normals.npy").shape(), (Shape{40, 56, 3}));
  const Array picture = read_png(options.folder / "photo_normals.png");
  ASSERT_EQ(picture.dtype(), DType::uint8);
  const float first = prediction.map.view<float>()[0];
  EXPECT_EQ(picture.view<std::uint8_t>()[0],
            static_cast<std::uint8_t>((first + 1.0F) / 2.0F * 255.0F));
}

TEST_F(WritePrediction, WritesFloatsForOtherPrograms) {
  Estimator estimator = load("tiny_e2e_normals");
  const Prediction prediction = predict(estimator);
  OutputOptions options = everything();
  options.intermediates = false;
  options.formats = {OutputFormat::pfm};
  if (exr_available()) options.formats.insert(OutputFormat::exr);
  write_prediction(prediction, estimator, "photo.png", options);
  EXPECT_EQ(testing::max_difference(read_pfm(options.folder / "photo_normals.pfm"), prediction.map),
            0);
  if (!exr_available()) return;
  const fs::path exr = options.folder / "photo_normals.exr";
  EXPECT_EQ(testing::max_difference(read_exr(exr), prediction.map), 0);
  std::ifstream file(exr, std::ios::binary);
  const std::string bytes((std::istreambuf_iterator<char>(file)), {});
  EXPECT_NE(bytes.find("frame dsine: x left, y up, z to the viewer"), std::string::npos);
}

TEST_F(WritePrediction, RefusesExrWhereItWasNotBuiltIn) {
  if (exr_available()) GTEST_SKIP() << "built with OpenEXR";
  Estimator estimator = load("tiny_e2e_depth");
  OutputOptions options = everything();
  options.formats = {OutputFormat::npy, OutputFormat::exr};
  EXPECT_THROW(write_prediction(predict(estimator), estimator, "photo.png", options), Error);
  EXPECT_EQ(names(options.folder), std::set<std::string>{});
}

TEST_F(WritePrediction, TellsNormalsInAnotherFrameAndOfUnitLength) {
  Estimator estimator = load("tiny_e2e_normals");
  const Prediction own = predict(estimator);
  const Prediction shown = presented(own, {.frame = NormalFrame::opencv, .unit = true});
  EXPECT_EQ(shown.normal_frame, "opencv");
  const auto before = own.map.view<float>();
  const auto after = shown.map.view<float>();
  for (std::size_t i = 0; i < before.size(); i += 3) {
    const double length = std::hypot(before[i], before[i + 1], before[i + 2]);
    for (std::size_t c = 0; c < 3; ++c) EXPECT_NEAR(after[i + c] * length, -before[i + c], 1e-6);
  }
  const Prediction twice = presented(shown, {.frame = NormalFrame::opencv, .unit = true});
  EXPECT_EQ(testing::max_difference(twice.map, shown.map), 0);

  const OutputOptions options = everything();
  write_prediction(shown, estimator, "photo.png", options);
  EXPECT_EQ(testing::max_difference(read_npy(options.folder / "photo_normals.npy"), shown.map), 0);
  const json said = read_json(options.folder / "photo.json").at("prediction");
  EXPECT_EQ(said.at("frame").at("name"), "opencv");
  EXPECT_EQ(said.at("frame").at("y"), "down");
  EXPECT_EQ(said.at("unit_length"), "yes");
  const std::string reason = said.at("frame").at("reason");
  EXPECT_NE(reason.find("converted from dsine"), std::string::npos) << reason;
}

TEST_F(WritePrediction, GivesBackTheMapThatWasHandedOverWithoutACopy) {
  Estimator estimator = load("tiny_e2e_normals");
  Prediction prediction = predict(estimator);
  const std::byte* const values = prediction.map.data();
  const Prediction shown = presented(std::move(prediction), {});
  EXPECT_EQ(shown.map.data(), values);
}

TEST_F(WritePrediction, WritesAPredictionAsItIs) {
  Estimator estimator = load("tiny_e2e_normals");
  const Prediction prediction = predict(estimator);
  const OutputOptions options = everything();
  write_prediction(prediction, estimator, "photo.png", options);
  EXPECT_EQ(testing::max_difference(read_npy(options.folder / "photo_normals.npy"), prediction.map),
            0);
}

TEST_F(WritePrediction, LeavesDepthAloneWhateverNormalsShallBe) {
  Estimator estimator = load("tiny_e2e_depth");
  const Prediction own = predict(estimator);
  const Prediction shown = presented(own, {.frame = NormalFrame::opencv, .unit = true});
  EXPECT_EQ(testing::max_difference(shown.map, own.map), 0);
  EXPECT_EQ(shown.normal_frame, "");
}

TEST_F(WritePrediction, DrawsDepthAsTheReferenceOfItsPipeline) {
  Estimator estimator = load("tiny_e2e_depth");
  Prediction prediction = predict(estimator);
  OutputOptions options = everything();
  options.formats = {OutputFormat::color};
  for (const Pipeline pipeline : {Pipeline::e2e, Pipeline::e2e_diffusers, Pipeline::marigold}) {
    prediction.options.pipeline = pipeline;
    write_prediction(prediction, estimator, "photo.png", options);
    const bool research = pipeline == Pipeline::e2e;
    const Array expected =
        coloured_depth(prediction.map, "spectral",
                       {.method = research ? ColourMethod::table : ColourMethod::piecewise});
    EXPECT_EQ(testing::max_difference(read_png(options.folder / "photo_depth_color.png"), expected),
              0);
  }
}

TEST_F(WritePrediction, DrawsTheUncertaintyWithTheOtherPictures) {
  Estimator estimator = load("tiny_e2e_depth");
  Prediction prediction = predict(estimator);
  prediction.uncertainty = prediction.map;
  OutputOptions options = everything();
  options.uncertainty = true;
  options.intermediates = false;
  options.formats = {OutputFormat::color};
  write_prediction(prediction, estimator, "photo.png", options);
  EXPECT_EQ(names(options.folder),
            (std::set<std::string>{"photo_depth_color.png", "photo_uncertainty.npy",
                                   "photo_uncertainty.png"}));
  EXPECT_EQ(testing::max_difference(read_png(options.folder / "photo_uncertainty.png"),
                                    uncertainty_picture(prediction.uncertainty)),
            0);
}

TEST_F(WritePrediction, WritesTheUncertaintyThatWasAskedFor) {
  Estimator estimator = load("tiny_e2e_depth");
  Prediction prediction = predict(estimator);
  prediction.uncertainty = prediction.map;
  OutputOptions options = everything();
  options.uncertainty = true;
  options.formats = {};
  write_prediction(prediction, estimator, "photo.png", options);
  EXPECT_EQ(names(options.folder),
            (std::set<std::string>{"photo_uncertainty.npy", "photo_intermediates.safetensors"}));
  EXPECT_EQ(testing::max_difference(read_npy(options.folder / "photo_uncertainty.npy"),
                                    prediction.uncertainty),
            0);
}

TEST_F(WritePrediction, ResultsOfTwoModelsShareNoName) {
  OutputOptions options = everything();
  options.uncertainty = true;
  options.modality_in_every_name = true;
  std::set<fs::path> all;
  std::size_t files = 0;
  for (const Modality modality : {Modality::depth, Modality::normals}) {
    const auto paths = output_files("photo", modality, options);
    files += paths.size();
    all.insert(paths.begin(), paths.end());
  }
  EXPECT_EQ(all.size(), files);
  EXPECT_EQ(all.count(options.folder / "photo_depth_uncertainty.npy"), 1U);
}

TEST_F(WritePrediction, LeavesTheOldSetWhereOneResultCannotBeReplaced) {
  Estimator estimator = load("tiny_e2e_depth");
  Prediction prediction = predict(estimator);
  OutputOptions options = everything();
  options.intermediates = false;
  fs::create_directories(options.folder / "photo.json");  // the last one to be moved into place
  std::ofstream(options.folder / "photo_depth.npy") << "old";
  try {
    write_prediction(prediction, estimator, "photo.png", options);
    ADD_FAILURE();
  } catch (const Error& error) {
    const std::string message = error.what();
    EXPECT_NE(message.find("photo.json: expected a file to replace or nothing, found a folder"),
              std::string::npos)
        << message;
  }
  EXPECT_EQ(names(options.folder), (std::set<std::string>{"photo.json", "photo_depth.npy"}));
  EXPECT_EQ(fs::file_size(options.folder / "photo_depth.npy"), 3U);
}

TEST_F(WritePrediction, KeepsTheIntermediatesAsTheyWere) {
  Estimator estimator = load("tiny_e2e_depth");
  const Prediction prediction = predict(estimator);
  write_prediction(prediction, estimator, "photo.png", everything());
  const StateDict kept = read_safetensors(everything().folder / "photo_intermediates.safetensors");
  ASSERT_EQ(kept.size(), prediction.intermediates.size());
  for (const auto& [name, array] : prediction.intermediates) {
    ASSERT_EQ(kept.count(name), 1U) << name;
    EXPECT_EQ(kept.at(name).shape(), array.shape()) << name;
    EXPECT_EQ(testing::max_difference(kept.at(name), array), 0) << name;
  }
}

TEST_F(WritePrediction, NamesTheReasonWhenTheFolderTakesNothing) {
  Estimator estimator = load("tiny_e2e_depth");
  OutputOptions options = everything();
  options.folder = "/proc";  // refuses root, too
  try {
    write_prediction(predict(estimator), estimator, "photo.png", options);
    ADD_FAILURE();
  } catch (const Error& error) {
    EXPECT_EQ(std::string(error.what()),
              "/proc: cannot write into the folder: No such file or directory");
  }
}

TEST_F(WritePrediction, WritesOnlyTheFormatsAskedFor) {
  OutputOptions options = everything();
  options.intermediates = false;
  options.formats = {OutputFormat::npy};
  EXPECT_EQ(output_files("a", Modality::depth, options),
            (std::vector<fs::path>{options.folder / "a_depth.npy"}));
  options.formats = {OutputFormat::png16};
  EXPECT_TRUE(output_files("a", Modality::normals, options).empty());
}

TEST(OutputFormat, IsSpelledAsOnTheCommandLine) {
  for (const std::string& name : output_format_names()) {
    EXPECT_EQ(to_string(output_format_from_string(name)), name);
  }
  try {
    output_format_from_string("nyp");
    ADD_FAILURE();
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("npy\""), std::string::npos) << error.what();
  }
}

TEST(PeakMemoryBytes, IsAtLeastWhatWasTouched) {
  const std::vector<char> touched(32 << 20, 1);
  EXPECT_GE(peak_memory_bytes(), static_cast<std::int64_t>(touched.size()));
}

}  // namespace
}  // namespace onestep
