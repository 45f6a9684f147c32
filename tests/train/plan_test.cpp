// What --plan promises, held against what a run takes: both as child processes.

#include "testing/process.h"
#include "testing/sanitized.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

namespace onestep::testing {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

json recipe() {
  return json::parse(R"({
    "objective": "e2e", "modality": "depth", "init": "scratch",
    "scratch": {
      "vae": {"block_out_channels": [16, 24, 28], "layers_per_block": 1, "norm_num_groups": 4,
              "latent_channels": 4, "scaling_factor": 0.5},
      "unet": {"block_out_channels": [32, 64, 64],
        "down_block_types": ["DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"],
        "up_block_types": ["CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"],
        "attention_head_dim": [2, 4, 4], "layers_per_block": 1, "cross_attention_dim": 32,
        "norm_num_groups": 8, "use_linear_projection": true}},
    "steps": 1, "batch": 4, "accumulation": 1, "schedule": {"kind": "constant"},
    "checkpointing": [], "validate_every": 0,
    "data": [{"kind": "analytic", "count": 8, "size": [96, 160]}]})");
}

class Plan : public ::testing::Test {
 protected:
  void SetUp() override {
    const auto* test = ::testing::UnitTest::GetInstance()->current_test_info();
    folder_ = fs::path(::testing::TempDir()) /
              ("onestep_plan_" + std::string(test->name()) + std::to_string(::getpid()));
    fs::create_directories(folder_);
  }
  void TearDown() override { fs::remove_all(folder_); }

  ProcessResult trained(const json& recipe, const std::vector<std::string>& more) const {
    std::ofstream(folder_ / "recipe.json") << recipe.dump();
    std::vector<std::string> command = {ONESTEP_PROGRAM, "train", "recipe.json"};
    command.insert(command.end(), more.begin(), more.end());
    ProcessOptions options;
    options.folder = folder_;
    return run_process(command, options);
  }

  /// Megabytes of a line of the plan.
  static double megabytes(const ProcessResult& plan, const std::string& name) {
    std::istringstream lines(plan.out);
    std::string word;
    double value = 0;
    for (std::string line; std::getline(lines, line);) {
      std::istringstream words(line);
      words >> word >> value;
      if (word == name) return value;
    }
    ADD_FAILURE() << "no " << name << " in: " << plan.out << plan.err;
    return 0;
  }

  double planned(const json& recipe, const std::string& name = "total") const {
    return megabytes(trained(recipe, {"--plan"}), name);
  }

  void expect_kept(const json& recipe) const {
    if (kSanitized) GTEST_SKIP() << "a sanitizer shadows the memory";
    const double promised = planned(recipe);
    const ProcessResult run = trained(recipe, {"-o", "run", "-q"});
    ASSERT_EQ(run.exit_status, 0) << run.err;
    const double taken = static_cast<double>(run.peak_bytes) / 1e6;
    EXPECT_NEAR(promised / taken, 1, 0.15) << promised << " MB planned, " << taken << " MB taken";
  }

  const fs::path& folder() const { return folder_; }

 private:
  fs::path folder_;
};

TEST_F(Plan, IsKeptWithoutCheckpointing) {
  expect_kept(recipe());
}

TEST_F(Plan, IsKeptWithBothNetworksCheckpointed) {
  json changed = recipe();
  changed["checkpointing"] = {"unet", "decoder"};
  expect_kept(changed);
}

TEST_F(Plan, IsKeptForNormalsThatAreAccumulated) {
  json changed = recipe();
  changed["modality"] = "normals";
  changed["checkpointing"] = {"unet"};
  changed["accumulation"] = 2;
  expect_kept(changed);
}

TEST_F(Plan, IsKeptForAnAutoencoder) {
  json changed = recipe();
  changed["objective"] = "autoencoder";
  changed["batch"] = 2;
  expect_kept(changed);
}

TEST_F(Plan, IsMadeWithoutTheMemoryThatItPlans) {
  json changed = recipe();
  changed["data"][0]["size"] = {1024, 1024};
  const ProcessResult plan = trained(changed, {"--plan"});
  ASSERT_EQ(plan.exit_status, 0) << plan.err;
  EXPECT_GT(megabytes(plan, "activations"), 2000);
  if (kSanitized) return;
  EXPECT_LT(static_cast<double>(plan.peak_bytes), 300e6);
}

TEST_F(Plan, WritesNothing) {
  ASSERT_EQ(trained(recipe(), {"-o", "run", "--plan"}).exit_status, 0);
  EXPECT_FALSE(fs::exists(folder() / "run"));
}

TEST_F(Plan, ShrinksWithEveryPartThatIsCheckpointed) {
  json changed = recipe();
  const double none = planned(changed, "activations");
  changed["checkpointing"] = {"unet"};
  const double unet = planned(changed, "activations");
  changed["checkpointing"] = {"unet", "decoder"};
  EXPECT_LT(unet, 0.9 * none);
  EXPECT_LT(planned(changed, "activations"), 0.9 * unet);
}

TEST_F(Plan, RefusesWhatTrainingRefuses) {
  json changed = recipe();
  changed["conv_in"] = "none";
  changed["noise"] = "gaussian";
  const ProcessResult plan = trained(changed, {"--plan"});
  const ProcessResult run = trained(changed, {"-o", "run"});
  EXPECT_EQ(plan.exit_status, 1);
  EXPECT_NE(plan.err.find("the second latent is not fed"), std::string::npos) << plan.err;
  EXPECT_NE(run.err.find("the second latent is not fed"), std::string::npos) << run.err;
}

}  // namespace
}  // namespace onestep::testing
