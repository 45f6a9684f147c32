// Runs that are interrupted, by their own wish and by force, end as those that are not.

#include "onestep/io/png.h"

#include <signal.h>

#include <chrono>
#include <fstream>
#include <map>

#include "train/program/training_program.h"

namespace onestep::testing {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

class Resume : public TrainingProgram {
 protected:
  void expect_same(const std::string& run, const std::string& other) {
    EXPECT_EQ(unet(run).size(), unet(other).size());
    EXPECT_TRUE(unet(run) == unet(other)) << "the trained UNets differ";
    EXPECT_EQ(log(run), log(other));
  }
  void expect_success(const ProcessResult& result) {
    EXPECT_EQ(result.exit_status, 0) << result.err;
  }
};

TEST_F(Resume, MakesTenAndTenStepsEqualTwenty) {
  const json own_validation = {
      {"validate_every", 4},
      {"validation",
       {{"samples", 2},
        {"data", {{{"kind", "analytic"}, {"count", 3}, {"size", {24, 32}}, {"seed", 99}}}}}}};
  const json two_sets = {
      {"data",
       {{{"kind", "analytic"}, {"count", 5}, {"size", {16, 24}}},
        {{"kind", "analytic"}, {"count", 3}, {"size", {16, 16}}, {"seed", 3}, {"weight", 2}}}}};
  const std::map<std::string, json> recipes = {
      {"zeros", json::object()},
      {"pyramid", {{"noise", "pyramid"}, {"checkpointing", {"unet"}}}},
      {"validated", own_validation},
      {"two_sets", two_sets},
      {"uncached", {{"latent_cache_mb", 0}}},
      {"latent", {{"objective", "latent"}, {"depth_target", {{"kind", "log"}}}}},
      {"latent_uncached", {{"objective", "latent"}, {"latent_cache_mb", 0}}},
      {"augmented",
       {{"augmentation", {{"invert", 0.4}, {"illumination", 0.5}, {"zoom", 1.6}}},
        {"loss", {{"gradient", 0.4}}}}},
      {"averaged", {{"ema", 0.9}, {"validate_every", 7}}},
      {"averaged_autoencoder", {{"ema", 0.9}, {"objective", "autoencoder"}}},
      {"autoencoder", {{"objective", "autoencoder"}}}};
  for (const auto& [name, changes] : recipes) {
    SCOPED_TRACE(name);
    const fs::path file = recipe(20, changes);
    const std::string whole = "whole_" + name;
    const std::string halves = "halves_" + name;
    expect_success(train(file, whole));
    expect_success(train(file, halves, {"--set", "stop_after=10"}));
    EXPECT_EQ(newest_checkpoint(halves), 10);
    EXPECT_EQ(log(halves).size(), 10U);
    expect_success(train(file, halves, {"--resume"}));
    expect_same(halves, whole);
    EXPECT_TRUE(file_bytes(path(halves) / "checkpoints" / "step-00000020.safetensors") ==
                file_bytes(path(whole) / "checkpoints" / "step-00000020.safetensors"));
  }
  EXPECT_FALSE(unet("whole_averaged") == unet("whole_zeros")) << "the average is written";
  EXPECT_EQ(log("whole_averaged"), log("whole_zeros")) << "and the parameters are trained";
  EXPECT_TRUE(unet("whole_validated") == unet("whole_zeros")) << "looking must not change anything";
}

TEST_F(Resume, GoesOnAfterASignal) {
  const fs::path file = recipe(60);
  expect_success(train(file, "whole"));
  for (const int signal : {SIGTERM, SIGINT}) {
    const std::string run = "signal_" + std::to_string(signal);
    Process process(words(file, run));
    ASSERT_TRUE(process.wait_until([&](const ProcessResult&) { return log(run).size() > 5; }));
    process.send(signal);
    const ProcessResult result = process.finish();
    EXPECT_EQ(result.signal, signal) << result.err;
    EXPECT_NE(result.err.find("go on with --resume"), std::string::npos) << result.err;
    const auto logged = static_cast<std::int64_t>(log(run).size());
    EXPECT_EQ(newest_checkpoint(run), logged);
    expect_success(train(file, run, {"--resume"}));
    expect_same(run, "whole");
  }
}

TEST_F(Resume, GoesOnAfterAKillAtAnyStep) {
  const fs::path file = recipe(40, {{"checkpoint_every", 3}});
  expect_success(train(file, "whole"));
  for (const std::size_t steps : {1U, 4U, 11U, 23U}) {
    {
      Process process(words(file, "killed", {"--resume"}));
      process.wait_until([&](const ProcessResult&) { return log("killed").size() >= steps; });
      process.send(SIGKILL);
    }
    EXPECT_LE(newest_checkpoint("killed"), static_cast<std::int64_t>(log("killed").size()));
  }
  expect_success(train(file, "killed", {"--resume"}));
  expect_same("killed", "whole");
}

TEST_F(Resume, GoesOnAfterAKillDuringASave) {
  // A network that takes long enough to write that somebody who looks sees it being written.
  const json larger = {{"unet", {{"block_out_channels", {64, 128}}}}};
  const fs::path file = recipe(24, {{"checkpoint_every", 1}, {"scratch", larger}});
  expect_success(train(file, "whole"));
  const auto saves = [&](const ProcessResult&) {
    std::error_code ignored;
    for (const auto& entry : fs::directory_iterator(path("killed") / "checkpoints", ignored)) {
      if (entry.path().extension() == ".tmp") return true;
    }
    return false;
  };
  int killed_in_a_save = 0;
  // Beside other work it may look too late a few times.
  for (int i = 0; i < 4 || (killed_in_a_save == 0 && i < 20); ++i) {
    Process process(words(file, "killed", {"--resume"}));
    killed_in_a_save += process.wait_until(saves, std::chrono::seconds(5)) ? 1 : 0;
    process.send(SIGKILL);
  }
  EXPECT_GT(killed_in_a_save, 0);
  expect_success(train(file, "killed", {"--resume"}));
  expect_same("killed", "whole");
  for (const auto& entry : fs::directory_iterator(path("killed") / "checkpoints")) {
    EXPECT_NE(entry.path().extension(), ".tmp") << "left over: " << entry.path();
  }
}

TEST_F(Resume, KeepsTheLastCheckpointWhenTheDiskIsFull) {
  const fs::path file = recipe(20, {{"checkpoint_every", 5}});
  expect_success(train(file, "whole"));
  expect_success(train(file, "full", {"--set", "stop_after=5"}));
  const std::string before = file_bytes(path("full") / "checkpoints" / "step-00000005.safetensors");
  ProcessOptions limited;
  limited.file_size_limit = before.size() / 2;
  const ProcessResult result = train(file, "full", {"--resume"}, limited);
  EXPECT_EQ(result.exit_status, 1);
  EXPECT_NE(result.err.find("step-00000010.safetensors"), std::string::npos) << result.err;
  EXPECT_EQ(file_bytes(path("full") / "checkpoints" / "step-00000005.safetensors"), before);
  expect_success(train(file, "full", {"--resume"}));
  expect_same("full", "whole");
}

TEST_F(Resume, FallsBackToTheCheckpointBeforeADamagedOne) {
  const fs::path file = recipe(12, {{"checkpoint_every", 4}, {"keep", 3}});
  expect_success(train(file, "whole"));
  expect_success(train(file, "damaged", {"--set", "stop_after=8"}));
  const fs::path newest = path("damaged") / "checkpoints" / "step-00000008.safetensors";
  const std::string sound = file_bytes(newest);
  std::string flipped = sound;
  flipped[flipped.size() - 100] = static_cast<char>(~flipped[flipped.size() - 100]);
  for (const std::string& bytes : {sound.substr(0, 1000), flipped}) {
    std::ofstream(newest, std::ios::binary) << bytes;
    const ProcessResult result = train(file, "damaged", {"--resume"});
    expect_success(result);
    EXPECT_NE(result.err.find("going back to the checkpoint before it"), std::string::npos)
        << result.err;
    expect_same("damaged", "whole");
    fs::remove(path("damaged") / "checkpoints" / "step-00000012.safetensors");
    fs::remove_all(path("damaged") / "model");
  }
}

TEST_F(Resume, BeginsInABareFolderAndLeavesAFinishedRunAlone) {
  const fs::path file = recipe(3);
  expect_success(train(file, "run", {"--resume"}));
  const std::string trained = unet("run");
  const auto written = fs::last_write_time(path("run") / "log.jsonl");
  const ProcessResult again = train(file, "run", {"--resume"});
  expect_success(again);
  EXPECT_NE(again.err.find("the run is finished"), std::string::npos) << again.err;
  EXPECT_TRUE(unet("run") == trained);
  EXPECT_EQ(fs::last_write_time(path("run") / "log.jsonl"), written);
  EXPECT_EQ(log("run").size(), 3U);
}

TEST_F(Resume, TakesMoreStepsAndRefusesAnotherRecipeByName) {
  const fs::path file = recipe(4);
  expect_success(train(file, "run"));
  const ProcessResult other =
      train(file, "run", {"--resume", "--set", "optimizer.lr=0.5", "--set", "steps=6"});
  EXPECT_EQ(other.exit_status, 1);
  EXPECT_NE(other.err.find("optimizer.lr was 0.001 and is now 0.5"), std::string::npos)
      << other.err;
  expect_success(train(file, "run", {"--resume", "--set", "steps=6", "--set", "keep=5"}));
  EXPECT_EQ(log("run").size(), 6U);
}

TEST_F(Resume, RefusesAModelWithoutCheckpointsAndChangedData) {
  const fs::path file = recipe(2);
  expect_success(train(file, "run"));
  fs::remove_all(path("run") / "checkpoints");
  const std::string trained = unet("run");
  const ProcessResult bare = train(file, "run", {"--resume"});
  EXPECT_EQ(bare.exit_status, 1);
  EXPECT_NE(bare.err.find("holds a model and no checkpoint"), std::string::npos) << bare.err;
  EXPECT_TRUE(unet("run") == trained);

  write_png(path("a.png"), Array(DType::uint8, {16, 24, 3}));
  const auto list = [&](const char* scale) {
    Array depth(DType::uint16, {16, 24});
    for (std::int64_t i = 0; i < depth.elements(); ++i) {
      depth.mutable_view<std::uint16_t>()[static_cast<std::size_t>(i)] =
          static_cast<std::uint16_t>(i + 1);
    }
    write_png(path("d.png"), depth);
    std::ofstream(path("list.jsonl"))
        << R"({"image": "a.png", "depth": "d.png", "depth_scale": )" << scale << "}\n";
  };
  list("0.5");
  const std::vector<std::string> data = {"--data", path("list.jsonl").string()};
  expect_success(train(file, "listed", data));
  list("0.25");
  const ProcessResult changed = train(
      file, "listed", {"--resume", "--set", "steps=4", "--data", path("list.jsonl").string()});
  EXPECT_EQ(changed.exit_status, 1);
  EXPECT_NE(changed.err.find("the data are not those of this run"), std::string::npos)
      << changed.err;
}

TEST_F(Resume, BeginsAnewWhereAnEarlierStartWasOfAnotherRecipe) {
  // A run that fails before its first checkpoint leaves start/ behind.
  const json hopeless = {{"latent_cache_mb", 0}, {"seed", 5}};
  ProcessOptions limited;
  limited.file_size_limit = 60000;  // the start fits, no checkpoint does
  EXPECT_EQ(train(recipe(2, hopeless), "run", {}, limited).exit_status, 1);
  ASSERT_EQ(newest_checkpoint("run"), -1);
  expect_success(train(recipe(2), "run"));
  expect_success(train(recipe(2), "fresh"));
  expect_same("run", "fresh");
}

TEST_F(Resume, IsNeededInAFolderThatHoldsARun) {
  const fs::path file = recipe(2);
  expect_success(train(file, "run"));
  const ProcessResult result = train(file, "run");
  EXPECT_EQ(result.exit_status, 1);
  EXPECT_NE(result.err.find("holds a run at step 2; go on with --resume"), std::string::npos)
      << result.err;
}

}  // namespace
}  // namespace onestep::testing
