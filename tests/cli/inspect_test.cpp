#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "cli/command_line_fixture.h"

namespace onestep::testing {
namespace {

using nlohmann::json;
using Inspect = CommandLine;

TEST_F(Inspect, TellsAPersonWhatTheFolderHolds) {
  const ProcessResult result = run({"inspect", model()});
  EXPECT_EQ(result.exit_status, 0) << result.err;
  for (const char* part : {"e2e", "depth", "UNet2DConditionModel", "float16", "AutoencoderKL",
                           "trailing", "v_prediction", "64x48", "FLOP", "peak memory", "MiB"}) {
    EXPECT_NE(result.out.find(part), std::string::npos) << part << " in\n" << result.out;
  }
  EXPECT_EQ(result.err, "");
}

TEST_F(Inspect, TellsAProgramTheSame) {
  const ProcessResult result =
      run({"inspect", model("tiny_e2e_normals"), "--json", "--size", "96x64", "--threads", "2"});
  EXPECT_EQ(result.exit_status, 0) << result.err;
  const json object = json::parse(result.out);
  EXPECT_EQ(object.at("predictable"), true);
  EXPECT_EQ(object.at("estimator").at("name"), "e2e");
  EXPECT_EQ(object.at("modality").at("name"), "normals");
  EXPECT_EQ(object.at("normal_frame").at("name"), "dsine");
  EXPECT_EQ(object.at("context_tokens"), 2);
  EXPECT_EQ(object.at("licence_file"), nullptr);
  EXPECT_EQ(object.at("defaults").at("steps"), 1);
  EXPECT_EQ(object.at("defaults").at("processing_resolution"), 64);
  const json& scheduler = object.at("scheduler");
  EXPECT_EQ(scheduler.at("class"), "DDIMScheduler");
  EXPECT_EQ(scheduler.at("timestep_spacing"), "trailing");
  EXPECT_EQ(scheduler.at("zero_terminal_snr"), false);
  EXPECT_DOUBLE_EQ(scheduler.at("beta_start"), 0.00085);
  const json& cost = object.at("cost");
  EXPECT_EQ(cost.at("width"), 96);
  EXPECT_EQ(cost.at("height"), 64);
  EXPECT_EQ(cost.at("threads"), 2);
  EXPECT_EQ(cost.at("device"), "cpu");
  EXPECT_GT(cost.at("tflop"), 0.0);
  EXPECT_NEAR(cost.at("tflop").get<double>(),
              cost.at("encoder_tflop").get<double>() + cost.at("unet_tflop").get<double>() +
                  cost.at("decoder_tflop").get<double>(),
              1e-9);
  EXPECT_GT(cost.at("peak_bytes"), cost.at("arena_bytes"));
}

TEST_F(Inspect, TellsTheAreaThatAFolderWasTrainedAt) {
  const std::filesystem::path copy = copy_golden_model("tiny_e2e_depth", folder(), "small");
  write_text(copy / "onestep.json", R"({"estimator": "e2e", "processing_pixels": 3072})");
  const json object = json::parse(run({"inspect", "small", "--json"}).out);
  EXPECT_EQ(object.at("defaults").at("processing_pixels"), 3072);
  EXPECT_EQ(object.at("cost").at("width"), 64);
  EXPECT_EQ(object.at("cost").at("height"), 48);
  EXPECT_NE(run({"inspect", "small"}).out.find("about 3072 pixels"), std::string::npos);
  const json plain = json::parse(run({"inspect", model(), "--json"}).out);
  EXPECT_EQ(plain.at("defaults").at("processing_pixels"), nullptr);
}

TEST_F(Inspect, CountsEveryParameter) {
  const json object = json::parse(run({"inspect", model(), "--json"}).out);
  std::int64_t parameters = 0;
  for (const json& component : object.at("components")) {
    parameters += component.at("parameters").get<std::int64_t>();
  }
  EXPECT_EQ(object.at("parameters"), parameters);
  const json& unet = object.at("components").at(0);
  EXPECT_EQ(unet.at("name"), "unet");
  EXPECT_EQ(unet.at("class"), "UNet2DConditionModel");
  EXPECT_EQ(unet.at("bytes"), 2 * unet.at("parameters").get<std::int64_t>());
  EXPECT_EQ(unet.at("dtypes").at("float16"), unet.at("parameters"));
}

TEST_F(Inspect, CostGrowsWithTheSize) {
  const auto tflop = [&](const std::string& size) {
    const ProcessResult result = run({"inspect", model(), "--json", "--size", size});
    return json::parse(result.out).at("cost").at("tflop").get<double>();
  };
  EXPECT_GT(tflop("128x96"), 3.9 * tflop("64x48"));
}

TEST_F(Inspect, SaysThatPredictRefusesPlainStableDiffusion) {
  const ProcessResult result = run({"inspect", model("tiny_sd2"), "--json"});
  EXPECT_EQ(result.exit_status, 0) << result.err;
  const json object = json::parse(result.out);
  EXPECT_EQ(object.at("predictable"), false);
  EXPECT_EQ(object.at("estimator"), nullptr);
  EXPECT_NE(object.at("refusal").get<std::string>().find("Stable Diffusion"), std::string::npos);
  EXPECT_NE(run({"inspect", model("tiny_sd2")}).out.find("refuses"), std::string::npos);
}

TEST_F(Inspect, NamesTheLicenceFileAndOnestepJson) {
  const auto copy = copy_golden_model("tiny_e2e_normals", folder());
  write_text(copy / "LICENSE", "free");
  write_text(copy / "onestep.json",
             R"({"estimator": "e2e", "normal_frame": "opencv", "context_tokens": 77})");
  const json object = json::parse(run({"inspect", "model", "--json"}).out);
  EXPECT_NE(object.at("licence_file").get<std::string>().find("LICENSE"), std::string::npos);
  EXPECT_EQ(object.at("context_tokens"), 77);
  EXPECT_EQ(object.at("normal_frame").at("name"), "opencv");
  EXPECT_NE(object.at("estimator").at("reason").get<std::string>().find("onestep.json"),
            std::string::npos);
}

TEST_F(Inspect, ReadsTheVariantThatIsAskedFor) {
  const json object = json::parse(
      run({"inspect", model("tiny_marigold_depth"), "--json", "--variant", "fp16"}).out);
  EXPECT_EQ(object.at("components").at(0).at("dtypes").count("float16"), 1u);
}

}  // namespace
}  // namespace onestep::testing
