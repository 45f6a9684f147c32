#include "onestep/io/safetensors.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <limits>

#include "cli/command_line_fixture.h"

namespace onestep::testing {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr char kUnetWeights[] = "unet/diffusion_pytorch_model.safetensors";

/// The tensors of a file, with bytes of their own: the file may be written over.
StateDict owned_tensors(const fs::path& file) {
  StateDict tensors;
  for (const auto& [name, tensor] : read_safetensors(file)) {
    Array copy(tensor.dtype(), tensor.shape());
    std::copy_n(tensor.data(), tensor.bytes(), copy.mutable_data());
    tensors.emplace(name, copy);
  }
  return tensors;
}

void truncate_weights(const fs::path& model) {
  const fs::path file = model / kUnetWeights;
  fs::resize_file(file, fs::file_size(file) / 2);
}

void put_nan_into_weights(const fs::path& model) {
  StateDict tensors = owned_tensors(model / kUnetWeights);
  constexpr std::uint16_t kHalfNan = 0x7e00;
  tensors.at("conv_in.weight").mutable_view<Half>()[5].bits = kHalfNan;
  write_safetensors(model / kUnetWeights, tensors);
}

void drop_a_tensor(const fs::path& model) {
  StateDict tensors = owned_tensors(model / kUnetWeights);
  tensors.erase("conv_out.bias");
  write_safetensors(model / kUnetWeights, tensors);
}

void reshape_a_tensor(const fs::path& model) {
  StateDict tensors = owned_tensors(model / kUnetWeights);
  Array& bias = tensors.at("conv_out.bias");
  bias = bias.reshaped({1, bias.elements()});
  write_safetensors(model / kUnetWeights, tensors);
}

void leave_only_bin(const fs::path& model) {
  fs::rename(model / kUnetWeights, model / "unet/diffusion_pytorch_model.bin");
}

void put_a_pointer(const fs::path& model) {
  write_text(model / kUnetWeights,
             "version https://git-lfs.github.com/spec/v1\n"
             "oid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393\n"
             "size 3463688976\n");
}

void break_the_index(const fs::path& model) {
  write_text(model / "model_index.json", "{ \"_class_name\": ");
}

void remove_the_unet(const fs::path& model) {
  fs::remove_all(model / "unet");
}

void remove_the_index(const fs::path& model) {
  fs::remove(model / "model_index.json");
}

void make_geowizard(const fs::path& model) {
  edit_json(model / "model_index.json", [](json& index) {
    index["_class_name"] = "DepthNormalEstimationPipeline";
    index["image_encoder"] = {"transformers", "CLIPVisionModelWithProjection"};
    index.erase("text_encoder");
    index.erase("tokenizer");
    index.erase("prediction_type");
  });
  fs::remove_all(model / "text_encoder");
  fs::remove_all(model / "tokenizer");
}

void make_intrinsics(const fs::path& model) {
  edit_json(model / "model_index.json", [](json& index) {
    index["_class_name"] = "MarigoldIntrinsicsPipeline";
    index["prediction_type"] = "intrinsics";
  });
  edit_json(model / "unet/config.json", [](json& config) {
    config["in_channels"] = 12;
    config["out_channels"] = 8;
  });
}

void add_an_unknown_key(const fs::path& model) {
  write_text(model / "onestep.json", R"({"estimater": "e2e"})");
}

struct Damage {
  std::string name;
  void (*damage)(const fs::path& model);
  std::vector<std::string> message;
};

class BrokenCheckpoint : public CommandLine, public ::testing::WithParamInterface<Damage> {};

TEST_P(BrokenCheckpoint, IsRefusedInOneLine) {
  const fs::path copy = copy_golden_model("tiny_e2e_depth", folder());
  GetParam().damage(copy);
  const ProcessResult result = run({"predict", photograph("photo.png"), "-m", "model"});
  EXPECT_EQ(result.exit_status, 1);
  EXPECT_EQ(result.out, "");
  EXPECT_TRUE(says_one_line(result, GetParam().message));
}

INSTANTIATE_TEST_SUITE_P(
    Damaged,
    BrokenCheckpoint,
    ::testing::ValuesIn(std::vector<Damage>{
        {"Truncated", truncate_weights, {kUnetWeights, "download"}},
        {"NanInWeights", put_nan_into_weights, {"conv_in"}},
        {"MissingTensor", drop_a_tensor, {"conv_out.bias"}},
        {"MisshapenTensor", reshape_a_tensor, {"conv_out.bias"}},
        {"OnlyBin", leave_only_bin, {"unet", ".bin", "safetensors"}},
        {"LfsPointer", put_a_pointer, {kUnetWeights, "lfs"}},
        {"BadIndex", break_the_index, {"model_index.json"}},
        {"NoUnet", remove_the_unet, {"unet"}},
        {"NoIndex", remove_the_index, {"model_index.json"}},
        {"GeoWizard", make_geowizard, {"GeoWizard"}},
        {"Intrinsics", make_intrinsics, {"intrinsic"}},
        {"UnknownKey", add_an_unknown_key, {"onestep.json", "estimater", "estimator"}},
    }),
    [](const auto& damage) { return damage.param.name; });

using Checkpoint = CommandLine;

TEST_F(Checkpoint, OfPlainStableDiffusionIsRefused) {
  const ProcessResult result = run({"predict", photograph("photo.png"), "-m", model("tiny_sd2")});
  EXPECT_EQ(result.exit_status, 1);
  EXPECT_TRUE(says_one_line(result, {"tiny_sd2", "Stable Diffusion"}));
}

TEST_F(Checkpoint, WithAnotherModelsTokenizerIsRefused) {
  copy_golden_model("tiny_e2e_depth", folder());
  edit_json(folder() / "model/tokenizer/vocab.json", [](auto& vocabulary) {
    for (auto& [token, id] : vocabulary.items()) id = 100000;
  });
  const ProcessResult result = run({"predict", photograph("photo.png"), "-m", "model"});
  EXPECT_EQ(result.exit_status, 1);
  EXPECT_TRUE(says_one_line(
      result, {"model: the tokenizer's token 100000", "vocabulary", "different checkpoints"}));
}

TEST_F(Checkpoint, ThatDoesNotExistOrIsAFileIsRefused) {
  photograph("photo.png");
  for (const std::string name : {"nowhere", "photo.png"}) {
    for (const std::string command : {"predict", "inspect"}) {
      const ProcessResult result =
          command == "predict" ? run({command, "photo.png", "-m", name}) : run({command, name});
      EXPECT_EQ(result.exit_status, 1);
      EXPECT_TRUE(says_one_line(result, {name}));
    }
  }
}

}  // namespace
}  // namespace onestep::testing
