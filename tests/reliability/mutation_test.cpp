#include "testing/sanitized.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <functional>

#include "cli/command_line_fixture.h"
#include "reliability/mutations.h"

namespace onestep::testing {
namespace {

namespace fs = std::filesystem;

constexpr int kMutations = 240;
constexpr int kParts = 8;
constexpr int kStep = kSanitized ? 10 : 1;  // every so many
constexpr std::int64_t kMostMemory = std::int64_t{2} << 30;
constexpr std::chrono::seconds kPatience(kSanitized ? 120 : 20);

const std::vector<std::string> kJsonFiles = {"model_index.json",
                                             "unet/config.json",
                                             "vae/config.json",
                                             "text_encoder/config.json",
                                             "scheduler/scheduler_config.json",
                                             "tokenizer/special_tokens_map.json",
                                             "tokenizer/vocab.json"};
const std::vector<std::string> kWeightFiles = {"unet/diffusion_pytorch_model.safetensors",
                                               "vae/diffusion_pytorch_model.safetensors",
                                               "text_encoder/model.safetensors"};

const std::vector<std::string> kScheduleNumbers = {"steps_offset", "num_train_timesteps",
                                                   "beta_start", "beta_end", "clip_sample_range"};

/// Runs the program on a good checkpoint and a good photograph of which one file is damaged.
class Mutated : public CommandLine, public ::testing::WithParamInterface<int> {
 protected:
  void SetUp() override {
    copy_golden_model("tiny_e2e_depth", folder());
    copy_golden_model("tiny_marigold_depth", folder(), "marigold");
    photograph("photo.png");
    fs::copy_file(fs::path(ONESTEP_SOURCE_DIR) / "tests/io/data/colour_420.jpg",
                  folder() / "photo.jpg");
  }

  /// Exit status 0 in silence, or 1 with one line; within the limits of time and memory.
  void expect_a_result_or_one_line(const std::vector<std::string>& arguments) const {
    ProcessOptions options;
    options.folder = folder();
    const ProcessResult result = Process(command(arguments), options).finish(kPatience);
    EXPECT_EQ(result.signal, 0) << "a crash, or a hang that was ended\n" << result.err;
    EXPECT_TRUE(result.exit_status == 0 || result.exit_status == 1) << result.exit_status;
    if (result.exit_status == 0) {
      EXPECT_EQ(result.err, "");
    } else {
      EXPECT_TRUE(says_one_line(result, {}));
      EXPECT_EQ(result.err.find("internal error"), std::string::npos) << result.err;
    }
    EXPECT_LE(kSanitized ? 0 : result.peak_bytes, kMostMemory);
  }

  /// `model` is "model", run in a single step, or "marigold", run as an ensemble in two.
  void expect_survives(const std::string& model,
                       const std::string& file,
                       const Mutation& mutation,
                       bool inspected) const {
    SCOPED_TRACE(file + ": " + mutation.what);
    const fs::path path = folder() / file;
    const Content good = content_of(path);
    write_content(path, mutation.content);
    const std::string photo = file.starts_with("photo") ? file : "photo.png";
    std::vector<std::string> words = {"predict", photo, "-m", model, "--processing-res", "32"};
    if (model == "marigold") {
      const std::vector<std::string> more = {"--pipeline", "marigold", "--ensemble",
                                             "2",          "--steps",  "2"};
      words.insert(words.end(), more.begin(), more.end());
    }
    expect_a_result_or_one_line(words);
    if (inspected) expect_a_result_or_one_line({"inspect", model});
    write_content(path, good);
    fs::remove_all(folder() / "out");
  }

  void damage_schedule(const std::string& model, Dice& dice) const {
    const std::string file = model + "/scheduler/scheduler_config.json";
    const Content good = content_of(folder() / file);
    expect_survives(model, file, change_number(good, dice.one_of(kScheduleNumbers), dice), true);
  }

  void damage_checkpoint(const std::string& model, Dice& dice) const {
    const std::size_t kind = dice.below(6);
    const bool json = kind < 3;
    const std::string file = model + "/" + dice.one_of(json ? kJsonFiles : kWeightFiles);
    const Content good = content_of(folder() / file);
    const Mutation mutation = kind < 2    ? change_json(good, dice)
                              : kind == 2 ? flip_bytes(good, dice)
                              : kind == 3 ? cut(good, dice)
                              : kind == 4 ? flip_bytes(good, dice)
                                          : change_header(good, dice);
    expect_survives(model, file, mutation, json);
  }

  void damage_photograph(const std::string& model, Dice& dice) const {
    const std::string file = dice.below(2) == 0 ? "photo.png" : "photo.jpg";
    const Content good = content_of(folder() / file);
    const std::size_t kind = dice.below(4);
    const bool png = file == "photo.png";
    const Mutation mutation = kind == 0   ? cut(good, dice)
                              : kind == 1 ? flip_bytes(good, dice)
                              : png       ? change_png(good, dice)
                                          : change_jpeg_size(good, dice);
    expect_survives(model, file, mutation, false);
  }
};

TEST_P(Mutated, FilesGiveAResultOrOneLine) {
  for (int number = GetParam(); number < kMutations; number += kParts) {
    if (number / kParts % kStep != 0) continue;
    SCOPED_TRACE("mutation " + std::to_string(number));
    Dice dice(static_cast<std::uint64_t>(number));
    const std::string model = number / kParts % 3 == 2 ? "marigold" : "model";
    if (number % 4 == 3) {
      damage_photograph(model, dice);
    } else if (number % 8 == 4) {
      damage_schedule(model, dice);
    } else {
      damage_checkpoint(model, dice);
    }
    if (HasFailure()) return;  // the files lie as they were
  }
}

INSTANTIATE_TEST_SUITE_P(Parts, Mutated, ::testing::Range(0, kParts), [](const auto& part) {
  return "Part" + std::to_string(part.param);
});

}  // namespace
}  // namespace onestep::testing
