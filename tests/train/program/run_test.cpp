// What a run of the program writes, and what it refuses.

#include "onestep/io/file.h"
#include "onestep/io/png.h"
#include "onestep/io/safetensors.h"

#include <algorithm>
#include <fstream>

#include "train/program/training_program.h"

namespace onestep::testing {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

class TrainRun : public TrainingProgram {};

TEST_F(TrainRun, WritesAModelThatPredictAndALogOfEveryStep) {
  const ProcessResult result = train(recipe(3, {{"validate_every", 2}}), "run");
  ASSERT_EQ(result.exit_status, 0) << result.err;
  ASSERT_EQ(log("run").size(), 3U);
  for (const char* key : {"step", "loss", "grad_norm", "lr", "samples"}) {
    EXPECT_TRUE(log("run")[0].contains(key)) << key;
  }
  EXPECT_EQ(log("run")[0].at("lr"), 0);  // the first step of a warm-up
  EXPECT_EQ(log("run")[2].at("samples"), 4);
  EXPECT_GT(read_png(path("run") / "validation" / "step-00000002.png").elements(), 0);
  const json onestep = json::parse(read_text(path("run") / "model" / "onestep.json"));
  EXPECT_EQ(onestep.at("context_tokens"), 2);
  const json index = json::parse(read_text(path("run") / "model" / "model_index.json"));
  EXPECT_EQ(index.at("_class_name"), "MarigoldDepthPipeline");
  EXPECT_EQ(index.at("default_processing_resolution"), 24);

  write_png(path("photo.png"), Array(DType::uint8, {16, 24, 3}));
  const ProcessResult predicted =
      run_process({ONESTEP_PROGRAM, "predict", path("photo.png").string(), "-m",
                   (path("run") / "model").string(), "-o", path("out").string()});
  EXPECT_EQ(predicted.exit_status, 0) << predicted.err;
  EXPECT_TRUE(fs::exists(path("out") / "photo_depth.npy"));
}

TEST_F(TrainRun, HandsOnHowDepthIsCoded) {
  const json log = {{"kind", "log"}, {"range", 20}};
  ASSERT_EQ(train(recipe(1, {{"depth_target", log}}), "log").exit_status, 0);
  const auto says = [&](const std::string& run) {
    return json::parse(read_text(path(run) / "model" / "onestep.json")).at("depth_target");
  };
  EXPECT_EQ(says("log"), log);
  const std::vector<std::string> from = {"--init", (path("log") / "model").string()};
  ASSERT_EQ(train(recipe(1), "inherits", from).exit_status, 0);
  EXPECT_EQ(says("inherits"), log);
  const ProcessResult refused =
      train(recipe(1, {{"depth_target", {{"kind", "affine"}}}}), "no", from);
  EXPECT_EQ(refused.exit_status, 1);
  EXPECT_NE(refused.err.find("the model's depth_target is log of range 20, the recipe's is affine"),
            std::string::npos)
      << refused.err;
  ASSERT_EQ(train(recipe(1), "affine").exit_status, 0);
  const ProcessResult other = train(recipe(1, {{"depth_target", log}}), "no",
                                    {"--init", (path("affine") / "model").string()});
  EXPECT_NE(other.err.find("the model's depth_target is affine"), std::string::npos) << other.err;
}

TEST_F(TrainRun, WritesHalfPrecisionAndAnAreaThatPredictObeys) {
  const json half = {{"weights", "float16"}, {"processing_pixels", 1024}};
  ASSERT_EQ(train(recipe(3), "single").exit_status, 0);
  ASSERT_EQ(train(recipe(3, half), "half").exit_status, 0);
  const std::string weights = "model/unet/diffusion_pytorch_model.safetensors";
  const StateDict rounded = read_safetensors(path("half") / weights);
  for (const auto& [name, value] : read_safetensors(path("single") / weights)) {
    EXPECT_EQ(rounded.at(name).dtype(), DType::float16) << name;
    const Array expected = value.to(DType::float16).to(DType::float32);
    const Array found = rounded.at(name).to(DType::float32);
    EXPECT_TRUE(std::ranges::equal(found.view<float>(), expected.view<float>())) << name;
  }
  write_png(path("photo.png"), Array(DType::uint8, {50, 50, 3}));
  const ProcessResult predicted =
      run_process({ONESTEP_PROGRAM, "predict", path("photo.png").string(), "-m",
                   (path("half") / "model").string(), "-o", path("out").string(), "--json"});
  ASSERT_EQ(predicted.exit_status, 0) << predicted.err;
  const json said = json::parse(predicted.out);
  EXPECT_EQ(said.at("options").at("processing_pixels"), 1024);
  EXPECT_EQ(said.at("options").at("processing_resolution"), nullptr);
  EXPECT_EQ(said.at("sizes").at("processed"), (json{{"width", 32}, {"height", 32}}));
}

TEST_F(TrainRun, WritesAnAutoencoderInHalfPrecisionThatEstimatorsInherit) {
  const json half = {{"objective", "autoencoder"}, {"weights", "float16"}};
  ASSERT_EQ(train(recipe(1, half), "vae").exit_status, 0);
  const json onto = {{"scratch", {{"vae", (path("vae") / "model").string()}}}};
  ASSERT_EQ(train(recipe(1, onto), "onto").exit_status, 0);
  const fs::path weights = path("onto") / "model/vae/diffusion_pytorch_model.safetensors";
  for (const auto& [name, value] : read_safetensors(weights)) {
    EXPECT_EQ(value.dtype(), DType::float16) << name;
  }
}

TEST_F(TrainRun, LeavesTheFrozenPartsBitForBit) {
  ASSERT_EQ(train(recipe(3, {{"modality", "normals"}}), "run").exit_status, 0);
  for (const char* file :
       {"vae/diffusion_pytorch_model.safetensors", "vae/config.json",
        "text_encoder/model.safetensors", "text_encoder/config.json", "tokenizer/vocab.json"}) {
    const std::string before = file_bytes(path("run") / "start" / file);
    EXPECT_FALSE(before.empty()) << file;
    EXPECT_TRUE(file_bytes(path("run") / "model" / file) == before) << file;
  }
  const std::string unet = "unet/diffusion_pytorch_model.safetensors";
  EXPECT_FALSE(file_bytes(path("run") / "model" / unet) ==
               file_bytes(path("run") / "start" / unet));
  const json index = json::parse(read_text(path("run") / "model" / "model_index.json"));
  EXPECT_EQ(index.at("_class_name"), "MarigoldNormalsPipeline");
}

TEST_F(TrainRun, WidensTheFirstConvolutionByTheRecipe) {
  const auto trained = [&](const std::string& conv_in) {
    // No step has moved anything: the first one has rate 0.
    const json changes = {{"conv_in", conv_in}, {"optimizer", {{"weight_decay", 0}}}};
    EXPECT_EQ(train(recipe(1, changes), conv_in).exit_status, 0);
    return read_safetensors(path(conv_in) / "model" / "unet" /
                            "diffusion_pytorch_model.safetensors");
  };
  const StateDict kept = trained("none");
  EXPECT_EQ(kept.at("conv_in.weight").size(1), 4);
  const float bias = kept.at("conv_in.bias").view<float>()[0];
  EXPECT_EQ(trained("e2e").at("conv_in.weight").size(1), 8);
  EXPECT_EQ(trained("marigold").at("conv_in.bias").view<float>()[0], bias);
  EXPECT_EQ(read_safetensors(path("e2e") / "model" / "unet" / "diffusion_pytorch_model.safetensors")
                .at("conv_in.bias")
                .view<float>()[0],
            bias / 2);
}

TEST_F(TrainRun, GivesTheSameBytesForOneAndEightWorkersAndAnyCheckpointing) {
  ASSERT_EQ(train(recipe(5), "plain", {"--workers", "1"}).exit_status, 0);
  ASSERT_EQ(train(recipe(5), "eight", {"--workers", "8"}).exit_status, 0);
  EXPECT_TRUE(unet("plain") == unet("eight"));
  const json both = {{"checkpointing", {"unet", "decoder"}}};
  ASSERT_EQ(train(recipe(5, both), "both").exit_status, 0);
  EXPECT_TRUE(unet("plain") == unet("both"));
  const json uncached = {{"latent_cache_mb", 0}};
  ASSERT_EQ(train(recipe(5, uncached), "one", {"--workers", "1"}).exit_status, 0);
  ASSERT_EQ(train(recipe(5, uncached), "many", {"--workers", "8"}).exit_status, 0);
  EXPECT_TRUE(unet("one") == unet("many"));
}

TEST_F(TrainRun, TrainsAnAutoencoderWhoseFolderIsAStartForOthers) {
  const json autoencoder = {{"objective", "autoencoder"}, {"validate_every", 2}};
  ASSERT_EQ(train(recipe(4, autoencoder), "vae").exit_status, 0);
  const std::string weights = "vae/diffusion_pytorch_model.safetensors";
  EXPECT_FALSE(file_bytes(path("vae") / "model" / weights) ==
               file_bytes(path("vae") / "start" / weights));
  EXPECT_TRUE(fs::exists(path("vae") / "validation" / "step-00000004.png"));
  const json onto = {{"scratch", {{"vae", (path("vae") / "model").string()}}}};
  const ProcessResult result = train(recipe(2, onto), "onto");
  ASSERT_EQ(result.exit_status, 0) << result.err;
  EXPECT_TRUE(file_bytes(path("onto") / "model" / weights) ==
              file_bytes(path("vae") / "model" / weights));
}

TEST_F(TrainRun, ListsEveryProblemOfAManifestWithFileAndLine) {
  write_png(path("a.png"), Array(DType::uint8, {16, 24, 3}));
  std::ofstream(path("train.jsonl")) << R"({"image": "a.png", "depth": "none.npy"})"
                                     << "\n"
                                     << R"({"image": "a.png"})"
                                     << "\n"
                                     << "no json\n";
  const ProcessResult result = train(recipe(2), "run", {"--data", path("train.jsonl").string()});
  EXPECT_EQ(result.exit_status, 1);
  for (const char* part : {"train.jsonl:1", "train.jsonl:2", "train.jsonl:3"}) {
    EXPECT_NE(result.err.find(part), std::string::npos) << result.err;
  }
  EXPECT_EQ(newest_checkpoint("run"), -1);
}

TEST_F(TrainRun, StopsAtTheFirstNumberThatIsNone) {
  const json hot = {{"optimizer", {{"lr", 1000}}},
                    {"schedule", {{"warmup", 0}}},
                    {"clip_norm", nullptr},
                    {"checkpoint_every", 1}};
  const ProcessResult result = train(recipe(200, hot), "run");
  EXPECT_EQ(result.exit_status, 1) << result.err;
  EXPECT_NE(result.err.find("the last good checkpoint is"), std::string::npos) << result.err;
  EXPECT_NE(result.err.find("the batches held"), std::string::npos) << result.err;
}

TEST_F(TrainRun, IsAloneInItsFolder) {
  Process first(words(recipe(100000), "run"));
  ASSERT_TRUE(first.wait_until([&](const ProcessResult&) { return !log("run").empty(); }));
  const ProcessResult second = train(recipe(1), "run", {"--resume"});
  EXPECT_EQ(second.exit_status, 1);
  EXPECT_NE(second.err.find("another process trains in this folder"), std::string::npos)
      << second.err;
}

TEST_F(TrainRun, RefusesWhatWasTypedWrongly) {
  const fs::path file = recipe(1);
  EXPECT_EQ(run_process({ONESTEP_TORCH_PROGRAM, "train"}).exit_status, 2);
  EXPECT_EQ(run_process({ONESTEP_TORCH_PROGRAM, "train", file.string()}).exit_status, 2);
  const ProcessResult unknown = train(file, "run", {"--set", "optimizer.learning=1"});
  EXPECT_EQ(unknown.exit_status, 1);
  EXPECT_NE(unknown.err.find("\"optimizer.learning\" is not a key"), std::string::npos)
      << unknown.err;
  EXPECT_FALSE(fs::exists(path("run")));
}

}  // namespace
}  // namespace onestep::testing
