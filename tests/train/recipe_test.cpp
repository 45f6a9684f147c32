#include "onestep/train/recipe/recipe.h"

#include "onestep/base/check.h"
#include "onestep/io/file.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <filesystem>
#include <string>

#include "io/scratch.h"

namespace onestep {
namespace {

namespace fs = std::filesystem;

/// A recipe's file in a folder of its own.
class RecipeFile : public ::testing::Test {
 protected:
  RecipeSource source(const std::string& json) {
    write_file_atomically(folder_.folder() / "recipe.json", json);
    return {.file = folder_.folder() / "recipe.json"};
  }
  /// What reading it says; empty when it is read.
  std::string refusal(RecipeSource source) {
    try {
      read_recipe(source);
    } catch (const Error& error) {
      return error.what();
    }
    return "";
  }
  std::string refusal(const std::string& json) { return refusal(source(json)); }

  Scratch folder_;
};

constexpr const char* kLeast = R"({"init": "model", "data": [{"path": "a.jsonl"}]})";

TEST_F(RecipeFile, HasThePapersDefaults) {
  const Recipe recipe = read_recipe(source(kLeast));
  EXPECT_EQ(recipe.objective, ObjectiveKind::e2e);
  EXPECT_EQ(recipe.modality, Modality::depth);
  EXPECT_EQ(recipe.conv_in, ConvInRecipe::halve_weight_and_bias);
  EXPECT_EQ(recipe.context_tokens, 77);
  EXPECT_EQ(recipe.noise, NoiseKind::zeros);
  EXPECT_EQ(recipe.steps, 20000);
  EXPECT_EQ(recipe.batch * recipe.accumulation, 32);
  EXPECT_EQ(recipe.optimizer.lr, 3e-5);
  EXPECT_EQ(recipe.optimizer.weight_decay, 0.01);
  EXPECT_EQ(recipe.schedule.warmup, 100);
  EXPECT_EQ(recipe.schedule.final_ratio, 0.01);
  EXPECT_EQ(recipe.clip_norm, 1.0);
  EXPECT_TRUE(recipe.checkpoint_unet);
  EXPECT_FALSE(recipe.checkpoint_decoder);
  EXPECT_EQ(recipe.flip, 0.5);
  EXPECT_EQ(recipe.keep, 2);
  EXPECT_FALSE(recipe.stop_after);
  EXPECT_FALSE(recipe.ema);
}

TEST_F(RecipeFile, HasPathsRelativeToItself) {
  const Recipe recipe = read_recipe(source(kLeast));
  EXPECT_EQ(recipe.data.at(0).path, folder_.folder() / "a.jsonl");
  fs::create_directories(folder_.folder() / "model");
  EXPECT_EQ(read_recipe(source(kLeast)).init, (folder_.folder() / "model").string());
}

TEST_F(RecipeFile, LeavesTheNameOfARepositoryAsItIs) {
  const Recipe recipe =
      read_recipe(source(R"({"init": "owner/model", "data": [{"path": "a.jsonl"}]})"));
  EXPECT_EQ(recipe.init, "owner/model");
}

TEST_F(RecipeFile, IsChangedByAssignments) {
  RecipeSource changed = source(kLeast);
  changed.changes = {"optimizer.lr=1e-4", "noise=gaussian", "optimizer.betas.1=0.95",
                     "data.0.weight=3",   "clip_norm=null", "checkpointing=[\"decoder\"]"};
  const Recipe recipe = read_recipe(changed);
  EXPECT_EQ(recipe.optimizer.lr, 1e-4);
  EXPECT_EQ(recipe.noise, NoiseKind::gaussian);
  EXPECT_EQ(recipe.optimizer.beta2, 0.95);
  EXPECT_EQ(recipe.data.at(0).weight, 3);
  EXPECT_FALSE(recipe.clip_norm);
  EXPECT_FALSE(recipe.checkpoint_unet);
  EXPECT_TRUE(recipe.checkpoint_decoder);
}

TEST_F(RecipeFile, SaysHowDepthIsCoded) {
  EXPECT_FALSE(read_recipe(source(kLeast)).depth_target);
  RecipeSource changed = source(kLeast);
  changed.changes = {"depth_target.kind=log"};
  const DepthTargetOptions log{.kind = DepthTargetOptions::Kind::log, .range = 20};
  EXPECT_EQ(read_recipe(changed).depth_target, log);
  changed.changes = {R"(depth_target={"kind": "log", "range": 50})", "depth_target.range=20"};
  EXPECT_EQ(read_recipe(changed).depth_target, log);
  changed.changes = {"depth_target.rang=20"};
  EXPECT_NE(refusal(changed).find("did you mean \"range\""), std::string::npos);
}

TEST_F(RecipeFile, SaysWhatTheTrainedFolderIsLike) {
  EXPECT_FALSE(read_recipe(source(kLeast)).processing_pixels);
  EXPECT_EQ(read_recipe(source(kLeast)).weights, DType::float32);
  RecipeSource changed = source(kLeast);
  changed.changes = {"processing_pixels=12288", "weights=float16"};
  EXPECT_EQ(read_recipe(changed).processing_pixels, 12288);
  EXPECT_EQ(read_recipe(changed).weights, DType::float16);
  changed.changes = {"weights=float61"};
  EXPECT_NE(refusal(changed).find("did you mean \"float16\""), std::string::npos);
  changed.changes = {"processing_pixels=255"};
  EXPECT_NE(refusal(changed).find("expected a whole number from 256"), std::string::npos);
}

TEST_F(RecipeFile, KeepsNoLatentsOfAugmentedPictures) {
  EXPECT_FALSE(read_recipe(source(kLeast)).augmentation.any());
  EXPECT_GT(read_recipe(source(kLeast)).latent_cache_bytes, 0);
  RecipeSource changed = source(kLeast);
  changed.changes = {"seed=5", "augmentation.invert=0.4"};
  const Recipe recipe = read_recipe(changed);
  EXPECT_EQ(recipe.augmentation.invert, 0.4);
  EXPECT_EQ(recipe.augmentation.zoom, 1);
  EXPECT_EQ(recipe.augmentation.seed, 5U);
  EXPECT_EQ(recipe.latent_cache_bytes, 0);
}

TEST_F(RecipeFile, TakesDataAndInitFromTheCommandLine) {
  RecipeSource given = source(R"({"data": [{"path": "a.jsonl", "size": [48, 64]}]})");
  given.data = "/pictures/train.jsonl";
  given.init = "/models/sd";
  const Recipe recipe = read_recipe(given);
  EXPECT_EQ(recipe.init, "/models/sd");
  ASSERT_EQ(recipe.data.size(), 1U);
  EXPECT_EQ(recipe.data[0].path, "/pictures/train.jsonl");
  EXPECT_EQ(recipe.data[0].size, (MapSize{48, 64}));
}

TEST_F(RecipeFile, NamesTheNearestOfAnUnknownKey) {
  EXPECT_NE(refusal(R"({"optimiser": {}})").find("did you mean \"optimizer\""), std::string::npos);
  EXPECT_NE(refusal(R"({"optimizer": {"learning_rate": 1}})").find("\"optimizer.learning_rate\""),
            std::string::npos);
  EXPECT_NE(refusal(R"({"data": [{"pth": "a"}]})").find("\"data.0.pth\""), std::string::npos);
  RecipeSource changed = source(kLeast);
  changed.changes = {"optimizer.wieght_decay=0"};
  EXPECT_NE(refusal(changed).find("did you mean \"weight_decay\""), std::string::npos);
}

TEST_F(RecipeFile, IsRefusedInOneLineThatNamesFileKeyAndRule) {
  const auto with = [](const std::string& key) {
    return R"({"init": "m", "data": [{"path": "a.jsonl"}], )" + key + "}";
  };
  for (const auto& [json, part] : std::vector<std::pair<std::string, std::string>>{
           {R"({"data": [{"path": "a.jsonl"}]})", "\"init\" is null"},
           {R"({"init": "m"})", "\"data\" is []"},
           {with(R"("steps": 0)"), "\"steps\" is 0; expected a whole number from 1"},
           {with(R"("steps": 1.5)"), "\"steps\" is 1.5"},
           {with(R"("modality": "depht")"), "did you mean \"depth\""},
           {with(R"("context_tokens": 3)"), "expected 2 or 77"},
           {with(R"("optimizer": {"name": "sgd"})"), "expected adamw"},
           {with(R"("optimizer": 3)"), "\"optimizer\" must be a JSON object"},
           {with(R"("schedule": {"total": 50})"), "expected more than schedule.warmup, 100"},
           {with(R"("schedule": {"kind": "cosine", "total": 50})"), "expected more than"},
           {with(R"("schedule": {"kind": "linear"})"), "iter_exponential, constant, cosine"},
           {with(R"("conv_in": "none", "noise": "pyramid")"), "the second latent is not fed"},
           {with(R"("checkpointing": ["vae"])"), "expected one of unet, decoder"},
           {with(R"("depth_target": "log")"), "\"depth_target\" is \"log\"; expected an object"},
           {with(R"("depth_target": {"kind": "inverse"})"), "expected one of affine, log"},
           {with(R"("depth_target": {"range": 1})"), "\"depth_target.range\" is 1"},
           {with(R"("depth_target": {"sort": "log"})"), "\"depth_target.sort\" is not a key"},
           {with(R"("ema": 1)"), "\"ema\" is 1; expected a number"},
           {with(R"("loss": {"plain_l1": -1})"), "\"loss.plain_l1\" is -1"},
           {with(R"("loss": {"gradient": 1}, "modality": "normals")"), "only the objective e2e"},
           {with(R"("loss": {"unit": "log_depth"})"), "needs the objective e2e and a depth_target"},
           {with(R"("augmentation": 1)"), "\"augmentation\" is 1; expected an object"},
           {with(R"("augmentation": {"zoom": 0.5})"), "\"augmentation.zoom\" is 0.5"},
           {with(R"("augmentation": {"inverse": 0.5})"), "did you mean \"invert\""},
           {with(R"("flip": 2)"), "\"flip\" is 2; expected a number from 0 to 1"},
           {R"({"init": "m", "data": [{"kind": "manifst"}]})", "did you mean \"manifest\""},
           {R"({"init": "m", "data": [{}]})", "\"data.0.path\" is null"},
           {R"({"init": "m", "data": [{"kind": "analytic", "size": [64]}]})", "[height, width]"},
           {"{\n\n\"init\": }", "not valid JSON (line 3)"},
           {"[]", "must be a JSON object"}}) {
    const std::string message = refusal(json);
    EXPECT_NE(message.find(part), std::string::npos) << json << " gives " << message;
    EXPECT_NE(message.find("recipe.json"), std::string::npos) << message;
    EXPECT_EQ(message.find('\n'), std::string::npos) << message;
  }
  EXPECT_NE(refusal(RecipeSource{.file = "/no/such.json"}).find("no such recipe"),
            std::string::npos);
}

TEST_F(RecipeFile, ResolvedIsARecipeThatResolvesToItself) {
  const std::string document = read_recipe(source(kLeast)).document;
  EXPECT_EQ(read_recipe(source(document)).document, document);
}

TEST(RecipeDifference, IsNamedUnlessTheKeyMayChange) {
  const auto with = [](const std::string& key, const nlohmann::json& value) {
    nlohmann::json recipe = nlohmann::json::parse(default_recipe());
    recipe[nlohmann::json::json_pointer(key)] = value;
    return recipe.dump();
  };
  const std::string was = default_recipe();
  for (const char* key :
       {"/steps", "/stop_after", "/checkpoint_every", "/keep", "/validate_every"}) {
    EXPECT_FALSE(recipe_difference(was, with(key, 7))) << key;
  }
  EXPECT_EQ(recipe_difference(was, with("/optimizer/lr", 1e-4)),
            "optimizer.lr was 3e-05 and is now 0.0001");
  EXPECT_FALSE(recipe_difference(was, with("/batch", 2.0)));
  EXPECT_TRUE(recipe_difference(was, with("/seed", 1)));
}

TEST(RecipeDifference, TakesAKeyThatWasNotKnownForItsDefault) {
  nlohmann::json older = nlohmann::json::parse(default_recipe());
  older.erase("depth_target");
  older["schedule"].erase("final_ratio");
  EXPECT_FALSE(recipe_difference(older.dump(), default_recipe()));
  nlohmann::json log = nlohmann::json::parse(default_recipe());
  log["depth_target"] = {{"kind", "log"}, {"range", 20}};
  EXPECT_TRUE(recipe_difference(older.dump(), log.dump()));
}

TEST(Recipe, HasEveryKeyInItsPage) {
  const std::string page = read_text(ONESTEP_SOURCE_DIR "/docs/training.md");
  const nlohmann::json recipe = nlohmann::json::parse(default_recipe());
  for (const auto& [key, value] : recipe.items()) {
    EXPECT_NE(page.find("`" + key + "`"), std::string::npos) << key;
    if (!value.is_object()) continue;
    for (const auto& [inner, ignored] : value.items()) {
      EXPECT_NE(page.find("`" + inner + "`"), std::string::npos) << key << "." << inner;
    }
  }
}

TEST(Recipe, ThatShipsIsReadOnceModelAndDataAreGiven) {
  int recipes = 0;
  for (const auto& entry : fs::directory_iterator(ONESTEP_SOURCE_DIR "/recipes")) {
    if (entry.path().extension() != ".json") continue;
    ++recipes;
    RecipeSource source{.file = entry.path()};
    const bool made_here = entry.path().filename().string().starts_with("quickstart");
    if (!made_here) {
      source.data = "train.jsonl";
      source.init = "model";
    }
    EXPECT_NO_THROW(read_recipe(source)) << entry.path();
  }
  EXPECT_GE(recipes, 4);
}

}  // namespace
}  // namespace onestep
