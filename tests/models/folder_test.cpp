#include "onestep/io/file.h"
#include "onestep/models/diffusers_folder.h"
#include "onestep/models/load_parameters.h"

#include "testing/golden.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <string>

#include "pipelines/checkpoint_copy.h"

namespace onestep::testing {
namespace {

namespace fs = std::filesystem;

constexpr const char* kUNetWeights = "unet/diffusion_pytorch_model.safetensors";

/// A copy of a small checkpoint that a test may damage.
class FolderTest : public ::testing::Test {
 protected:
  fs::path copy(const std::string& model = "tiny_e2e_depth") {
    return copy_golden_model(model, temporary_.path());
  }
  std::string error_of_open(const fs::path& folder) {
    const auto message = error_of([&] { DiffusersFolder::open(folder); });
    EXPECT_EQ(message.rfind(folder.string(), 0), 0U) << message;
    EXPECT_EQ(message.find('\n'), std::string::npos) << message;
    return message;
  }
  static bool contains(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
  }
  /// The tensors of a file in two shards and an index, as diffusers splits them.
  static void write_shards(const StateDict& state,
                           const fs::path& folder,
                           const std::string& base,
                           const std::string& index) {
    nlohmann::json map;
    StateDict halves[2];
    for (const auto& [name, array] : state) {
      const int half = halves[0].size() * 2 < state.size() ? 0 : 1;
      halves[half][name] = array;
      map[name] = base + "-0000" + std::to_string(half + 1) + "-of-00002.safetensors";
    }
    for (int half = 0; half < 2; ++half) {
      write_safetensors(
          folder / (base + "-0000" + std::to_string(half + 1) + "-of-00002.safetensors"),
          halves[half]);
    }
    write_text(folder / index, nlohmann::json({{"weight_map", map}}).dump());
  }

  TemporaryFolder temporary_;
};

TEST_F(FolderTest, ReadsAPublishedLayout) {
  const auto folder = DiffusersFolder::open(golden_root() + "/models/tiny_e2e_depth");
  EXPECT_EQ(folder.index().class_name, "MarigoldDepthPipeline");
  EXPECT_EQ(folder.index().default_denoising_steps, 1);
  EXPECT_EQ(folder.unet_config().in_channels, 8);
  EXPECT_EQ(folder.vae_config().scale_factor(), 8);
  EXPECT_EQ(folder.text_config().hidden_act, Activation::gelu);
  EXPECT_EQ(folder.scheduler().class_name, "DDIMScheduler");
  EXPECT_TRUE(contains(folder.scheduler().json, "trailing"));
  EXPECT_EQ(folder.weights("unet").path.filename(), "diffusion_pytorch_model.safetensors");
  EXPECT_FALSE(folder.licence_file());
  EXPECT_FALSE(folder.onestep().estimator);
}

TEST_F(FolderTest, KeepsTheFilesDtype) {
  const auto folder = DiffusersFolder::open(golden_root() + "/models/tiny_e2e_depth");
  for (const auto& [name, array] : folder.read_state("unet")) {
    EXPECT_EQ(array.dtype(), DType::float16) << name;
  }
}

TEST_F(FolderTest, ReadsTheEmptyPromptWithAndWithoutPadding) {
  const auto folder = DiffusersFolder::open(golden_root() + "/models/tiny_sd2");
  const std::vector<std::int64_t> two = {519, 520};
  EXPECT_EQ(folder.empty_prompt_ids(false), two);
  const auto full = folder.empty_prompt_ids(true);
  EXPECT_EQ(full.size(), 77U);
  EXPECT_EQ(full[1], 520);
  EXPECT_EQ(full[2], 0);
  EXPECT_EQ(full[76], 0);
}

TEST_F(FolderTest, PadsWithTheEndTokenWhereTheMapSaysSo) {
  const auto root = copy();
  edit_json(root / "tokenizer/special_tokens_map.json",
            [](auto& map) { map["pad_token"] = "<|endoftext|>"; });
  EXPECT_EQ(DiffusersFolder::open(root).empty_prompt_ids(true)[76], 520);
}

TEST_F(FolderTest, FallsBackToTheOtherTokenizerFiles) {
  const auto root = copy();
  const auto vocabulary = nlohmann::json::parse(read_text(root / "tokenizer/vocab.json"));
  write_text(root / "tokenizer/tokenizer.json",
             nlohmann::json({{"model", {{"vocab", vocabulary}}}}).dump());
  fs::remove(root / "tokenizer/vocab.json");
  fs::remove(root / "tokenizer/special_tokens_map.json");
  EXPECT_EQ(DiffusersFolder::open(root).empty_prompt_ids(true)[76], 0);
  fs::remove(root / "tokenizer/tokenizer.json");
  const auto message = error_of([&] { DiffusersFolder::open(root).empty_prompt_ids(false); });
  EXPECT_TRUE(contains(message, "vocab.json is missing")) << message;
}

TEST_F(FolderTest, NamesATokenThatTheVocabularyLacks) {
  const auto root = copy();
  edit_json(root / "tokenizer/special_tokens_map.json",
            [](auto& map) { map["bos_token"] = "<begin>"; });
  const auto message = error_of([&] { DiffusersFolder::open(root).empty_prompt_ids(false); });
  EXPECT_TRUE(contains(message, "vocab.json: the token \"<begin>\" is missing")) << message;
}

TEST_F(FolderTest, PrefersTheVariantThatIsAskedFor) {
  const fs::path root = golden_root() + "/models/tiny_marigold_depth";
  EXPECT_EQ(DiffusersFolder::open(root).weights("vae").path.filename(),
            "diffusion_pytorch_model.safetensors");
  const auto half = DiffusersFolder::open(root, "fp16");
  EXPECT_EQ(half.weights("vae").path.filename(), "diffusion_pytorch_model.fp16.safetensors");
  EXPECT_EQ(half.weights("text_encoder").path.filename(), "model.fp16.safetensors");
  EXPECT_NO_THROW(half.load_unet());
}

TEST_F(FolderTest, FallsBackPerComponentWhereAVariantIsMissing) {
  const auto root = copy("tiny_marigold_depth");
  fs::remove(root / "vae/diffusion_pytorch_model.fp16.safetensors");
  const auto folder = DiffusersFolder::open(root, "fp16");
  EXPECT_EQ(folder.weights("vae").path.filename(), "diffusion_pytorch_model.safetensors");
  EXPECT_EQ(folder.weights("unet").path.filename(), "diffusion_pytorch_model.fp16.safetensors");
}

TEST_F(FolderTest, ReadsAFolderThatHasOnlyVariantFiles) {
  const auto root = copy("tiny_marigold_depth");
  fs::remove(root / kUNetWeights);
  fs::rename(root / "vae/diffusion_pytorch_model.fp16.safetensors",
             root / "vae/diffusion_pytorch_model.non_ema.safetensors");
  fs::remove(root / "vae/diffusion_pytorch_model.safetensors");
  const auto folder = DiffusersFolder::open(root);
  EXPECT_EQ(folder.weights("unet").path.filename(), "diffusion_pytorch_model.fp16.safetensors");
  EXPECT_EQ(folder.weights("vae").path.filename(), "diffusion_pytorch_model.non_ema.safetensors");
  EXPECT_NO_THROW(folder.load_vae());
}

TEST_F(FolderTest, ReadsShardsAndPrefersThem) {
  const auto root = copy("tiny_marigold_depth");
  const auto state = DiffusersFolder::open(root).read_state("unet");
  const auto expected = fingerprint(state);
  write_shards(state, root / "unet", "diffusion_pytorch_model",
               "diffusion_pytorch_model.safetensors.index.json");
  const auto folder = DiffusersFolder::open(root);
  EXPECT_TRUE(folder.weights("unet").sharded);
  EXPECT_EQ(fingerprint(folder.read_state("unet")).sum, expected.sum);
  EXPECT_NO_THROW(folder.load_unet());
}

TEST_F(FolderTest, ReadsShardsOfAVariantUnderItsThreeNames) {
  for (const std::string index :
       {"model.safetensors.index.fp16.json", "model.safetensors.fp16.index.json",
        "model.fp16.safetensors.index.json"}) {
    TemporaryFolder parent;
    const auto root = copy_golden_model("tiny_marigold_depth", parent.path());
    const auto state = DiffusersFolder::open(root).read_state("text_encoder");
    write_shards(state, root / "text_encoder", "model.fp16", index);
    const auto folder = DiffusersFolder::open(root, "fp16");
    EXPECT_TRUE(folder.weights("text_encoder").sharded) << index;
    EXPECT_NO_THROW(folder.load_text_encoder());
  }
}

TEST_F(FolderTest, ConvertsOldAttentionNamesAlsoInShardsAndFourDimensions) {
  const auto root = copy("tiny_marigold_depth");
  const auto expected = fingerprint(DiffusersFolder::open(root).read_state("vae"));
  auto old_names = read_safetensors(
      golden_root() + "/models/vae_old_attention_keys/diffusion_pytorch_model.safetensors");
  for (auto& [name, array] : old_names) {
    const bool projection = name.find("mid_block.attentions.0.") != std::string::npos;
    if (projection && array.rank() == 2) {
      array = array.reshaped({array.size(0), array.size(1), 1, 1});
    }
  }
  write_shards(old_names, root / "vae", "diffusion_pytorch_model",
               "diffusion_pytorch_model.safetensors.index.json");
  const auto folder = DiffusersFolder::open(root);
  EXPECT_TRUE(folder.weights("vae").sharded);
  EXPECT_EQ(fingerprint(folder.read_state("vae")).sum, expected.sum);
  EXPECT_NO_THROW(folder.load_vae());
}

TEST_F(FolderTest, ExplainsAFolderWithOnlyPickledWeights) {
  const auto root = copy();
  fs::rename(root / kUNetWeights, root / "unet/diffusion_pytorch_model.bin");
  const auto message = error_of_open(root);
  EXPECT_TRUE(contains(message, "only .bin weights (diffusion_pytorch_model.bin)")) << message;
  EXPECT_TRUE(contains(message, "convert to safetensors")) << message;
}

TEST_F(FolderTest, NamesWhatIsMissing) {
  const std::pair<std::string, std::string> missing[] = {
      {"model_index.json", "model_index.json is missing; expected a diffusers folder"},
      {"unet/config.json", "unet/config.json: the file is missing"},
      {"vae/config.json", "vae/config.json: the file is missing"},
      {"scheduler/scheduler_config.json", "scheduler_config.json: the file is missing"},
      {"text_encoder/model.safetensors", "text_encoder: no weights; expected model.safetensors"},
      {kUNetWeights, "unet: no weights; expected diffusion_pytorch_model.safetensors"}};
  for (const auto& [file, part] : missing) {
    TemporaryFolder parent;
    const auto root = copy_golden_model("tiny_e2e_depth", parent.path());
    fs::remove(root / file);
    const auto message = error_of_open(root);
    EXPECT_TRUE(contains(message, part)) << message;
  }
}

TEST_F(FolderTest, RefusesAMissingFolderAndAFile) {
  EXPECT_TRUE(contains(error_of_open(temporary_.path() / "nowhere"), "no such folder"));
  write_text(temporary_.path() / "photo.jpg", "x");
  EXPECT_TRUE(contains(error_of_open(temporary_.path() / "photo.jpg"), "found a file"));
}

TEST_F(FolderTest, NamesTheReasonForWhatCannotBeLookedAt) {
  const std::string reason = std::strerror(ELOOP);  // unreadable folders do not stop root
  for (const std::string name : {"unet", "vae/config.json", "model_index.json"}) {
    TemporaryFolder parent;
    const auto root = copy_golden_model("tiny_e2e_depth", parent.path());
    fs::remove_all(root / name);
    fs::create_symlink((root / name).filename(), root / name);
    const auto message = error_of_open(root);
    EXPECT_TRUE(contains(message, ": cannot be opened: " + reason)) << message;
    EXPECT_TRUE(contains(message, name)) << message;
  }
}

TEST_F(FolderTest, IgnoresACardThatCannotBeRead) {
  const auto root = copy();
  fs::create_directory(root / "README.md");
  EXPECT_FALSE(DiffusersFolder::open(root).licence_file());
  fs::remove(root / "README.md");
  fs::create_symlink("README.md", root / "README.md");
  EXPECT_FALSE(DiffusersFolder::open(root).licence_file());
}

TEST_F(FolderTest, RefusesVocabulariesBeyondTheirSize) {
  const auto root = copy();
  fs::resize_file(root / "tokenizer/vocab.json", (8 << 20) + 1);
  const auto message = error_of([&] { DiffusersFolder::open(root).empty_prompt_ids(false); });
  EXPECT_TRUE(contains(message, "vocab.json: has 8388609 bytes, more than the 8388608")) << message;
}

TEST_F(FolderTest, KeepsNamesWithLineBreaksOnOneLine) {
  const auto message = error_of([&] { DiffusersFolder::open(temporary_.path() / "a\nb"); });
  EXPECT_TRUE(contains(message, "/a\\nb: no such folder")) << message;
}

TEST_F(FolderTest, RefusesMissingAndOtherComponents) {
  using Change = std::function<void(nlohmann::json&)>;
  const std::pair<Change, std::string> changes[] = {
      {[](auto& j) { j.erase("vae"); }, "the component \"vae\" is missing"},
      {[](auto& j) {
         j["text_encoder"] = {nullptr, nullptr};
       },
       "the component \"text_encoder\" is missing"},
      {[](auto& j) { j.erase("scheduler"); }, "the component \"scheduler\" is missing"},
      {[](auto& j) { j.erase("tokenizer"); }, "the component \"tokenizer\" is missing"},
      {[](auto& j) { j["vae"][1] = "AutoencoderTiny"; },
       "\"vae\" is a AutoencoderTiny; supported: AutoencoderKL"}};
  for (const auto& [change, part] : changes) {
    TemporaryFolder parent;
    const auto root = copy_golden_model("tiny_e2e_depth", parent.path());
    edit_json(root / "model_index.json", change);
    const auto message = error_of_open(root);
    EXPECT_TRUE(contains(message, part)) << message;
  }
}

TEST_F(FolderTest, OpensAFolderWithAnImageEncoderInsteadOfText) {
  const auto root = copy();
  edit_json(root / "model_index.json", [](auto& index) {
    index["image_encoder"] = {"transformers", "CLIPVisionModelWithProjection"};
    index.erase("text_encoder");
    index.erase("tokenizer");
  });
  const auto folder = DiffusersFolder::open(root);
  EXPECT_EQ(folder.index().components.count("image_encoder"), 1U);
  const auto message = error_of([&] { folder.load_text_encoder(); });
  EXPECT_TRUE(contains(message, "the folder has no text_encoder")) << message;
}

TEST_F(FolderTest, FindsTheLicence) {
  const auto root = copy();
  write_text(root / "README.md", "---\nlanguage: en\nlicense: apache-2.0\n---\n# Model\n");
  EXPECT_EQ(DiffusersFolder::open(root).licence_file(), root / "README.md");
  write_text(root / "LICENSE.txt", "Apache");
  EXPECT_EQ(DiffusersFolder::open(root).licence_file(), root / "LICENSE.txt");
  fs::remove(root / "LICENSE.txt");
  write_text(root / "README.md", "# Model\nlicense: none of that counts here\n");
  EXPECT_FALSE(DiffusersFolder::open(root).licence_file());
}

TEST_F(FolderTest, ReadsOnestepFile) {
  const auto root = copy();
  write_text(root / "onestep.json", R"({"context_tokens": 77, "estimator": "e2e"})");
  EXPECT_EQ(DiffusersFolder::open(root).onestep().context_tokens, 77);
  write_text(root / "onestep.json", R"({"context_token": 77})");
  EXPECT_TRUE(contains(error_of_open(root), "did you mean \"context_tokens\"?"));
}

TEST_F(FolderTest, ReportsWeightsOfAnotherConfiguration) {
  const auto root = copy();
  edit_json(root / "unet/config.json", [](auto& config) { config["in_channels"] = 4; });
  const auto message = error_of([&] { DiffusersFolder::open(root).load_unet(); });
  EXPECT_EQ(message.rfind((root / kUNetWeights).string(), 0), 0U) << message;
  EXPECT_TRUE(contains(message, "1 misshapen (conv_in.weight is [16,8,3,3], expected [16,4,3,3])"))
      << message;
}

}  // namespace
}  // namespace onestep::testing
