#include "train/program/training_program.h"

#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <fstream>
#include <iterator>

namespace onestep::testing {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr const char* kRecipe = R"({
  "init": "scratch",
  "scratch": {
    "vae": {"block_out_channels": [8, 8], "layers_per_block": 1, "norm_num_groups": 4},
    "unet": {"block_out_channels": [8, 8], "layers_per_block": 1, "norm_num_groups": 4,
             "down_block_types": ["DownBlock2D", "CrossAttnDownBlock2D"],
             "up_block_types": ["CrossAttnUpBlock2D", "UpBlock2D"], "attention_head_dim": [1, 2],
             "cross_attention_dim": 8, "use_linear_projection": true}},
  "context_tokens": 2, "batch": 2, "accumulation": 2, "optimizer": {"lr": 1e-3},
  "schedule": {"warmup": 2, "total": 100}, "checkpointing": [], "checkpoint_every": 100,
  "validate_every": 0, "data": [{"kind": "analytic", "count": 7, "size": [16, 24]}]})";

}  // namespace

TrainingProgram::TrainingProgram() {
  const auto* test = ::testing::UnitTest::GetInstance()->current_test_info();
  folder_ = fs::path(::testing::TempDir()) /
            (std::string("onestep_train_") + test->name() + "_" + std::to_string(::getpid()));
  fs::remove_all(folder_);
  fs::create_directories(folder_);
}

TrainingProgram::~TrainingProgram() {
  std::error_code ignored;
  fs::remove_all(folder_, ignored);
}

fs::path TrainingProgram::recipe(int steps, const json& changes) const {
  json recipe = json::parse(kRecipe);
  recipe["steps"] = steps;
  if (!changes.is_null()) recipe.merge_patch(changes);
  return this->recipe(recipe);
}

fs::path TrainingProgram::recipe(const json& whole) const {
  const fs::path file = path("recipe.json");
  std::ofstream(file) << whole.dump();
  return file;
}

std::vector<std::string> TrainingProgram::words(const fs::path& recipe,
                                                const std::string& folder,
                                                const std::vector<std::string>& more) const {
  std::vector<std::string> all = {
      ONESTEP_TORCH_PROGRAM, "train", recipe.string(), "-o", path(folder).string(),
      "--threads",           "1"};
  all.insert(all.end(), more.begin(), more.end());
  return all;
}

ProcessResult TrainingProgram::train(const fs::path& recipe,
                                     const std::string& folder,
                                     const std::vector<std::string>& more,
                                     const ProcessOptions& options) const {
  return run_process(words(recipe, folder, more), options);
}

std::string TrainingProgram::unet(const std::string& run) const {
  return file_bytes(path(run) / "model" / "unet" / "diffusion_pytorch_model.safetensors");
}

std::vector<json> TrainingProgram::log(const std::string& run) const {
  std::vector<json> entries;
  std::ifstream file(path(run) / "log.jsonl");
  for (std::string line; std::getline(file, line);) {
    json entry = json::parse(line);
    entry.erase("seconds");
    entries.push_back(entry);
  }
  return entries;
}

std::int64_t TrainingProgram::newest_checkpoint(const std::string& run) const {
  std::int64_t newest = -1;
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(path(run) / "checkpoints", ignored)) {
    const std::string name = entry.path().filename().string();
    if (!name.starts_with("step-")) continue;
    newest = std::max<std::int64_t>(newest, std::stoll(name.substr(5)));
  }
  return newest;
}

std::string file_bytes(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace onestep::testing
