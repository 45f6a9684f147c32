#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <fstream>
#include <iterator>

#include "cli/command_line_fixture.h"

namespace onestep::testing {
namespace {

using nlohmann::json;
using Names = std::vector<std::string>;
/// Somebody who types what the scripts of Marigold, E2E-FT and GeoWizard take.
using Marigold = CommandLine;

TEST_F(Marigold, OptionsWithoutACommandAreToldWhereItGoes) {
  for (const std::string option : {"--checkpoint", "-m", "--input_rgb_dir", "--domain"}) {
    const ProcessResult result = run({option, "X", "--output_dir", "Y"});
    EXPECT_EQ(result.exit_status, 2);
    EXPECT_TRUE(
        says_one_line(result, {"unknown option \"" + option + "\"; put \"predict\" before it"}));
  }
  const ProcessResult file = run({photograph("photo.png"), "-m", model()});
  EXPECT_EQ(file.exit_status, 2);
  EXPECT_TRUE(says_one_line(file, {"\"photo.png\"; put \"predict\" before it"}));
}

TEST_F(Marigold, SpellingsOfGeoWizardAndOfTheFirstMarigoldAreUnderstood) {
  photograph("album/photo.png");
  const ProcessResult result = run({"predict", "--input_dir", "album", "--pretrained_model_path",
                                    model("tiny_marigold_depth"), "--show_progress_bar",
                                    "--n_infer", "2", "--resize_to_max_res=40", "--json"});
  ASSERT_EQ(result.exit_status, 0) << result.err;
  const json options = json::parse(result.out).at("options");
  EXPECT_EQ(options.at("ensemble").at("size"), 2);
  EXPECT_EQ(options.at("processing_resolution"), 40);
}

TEST_F(Marigold, OptionsWithoutACounterpartSayWhy) {
  const std::string geowizard = "GeoWizard checkpoints are not supported";
  const std::string data_sets = "evaluation data sets are not part of predict";
  for (const auto& [option, why] : std::vector<std::pair<std::string, std::string>>{
           {"--domain", geowizard},
           {"--model_type", "a checkpoint says itself what it is, and " + geowizard},
           {"--dataset_config", data_sets},
           {"--base_data_dir=X", data_sets}}) {
    const ProcessResult result = run({"predict", "photo.png", "-m", "model", option, "indoor"});
    EXPECT_EQ(result.exit_status, 2);
    EXPECT_TRUE(says_one_line(result, {option.substr(0, option.find('=')) + ": " + why}));
  }
}

TEST_F(Marigold, AnEmptyModelIsToldAnExample) {
  const ProcessResult result = run({"predict", "photo.png", "--checkpoint", ""});
  EXPECT_EQ(result.exit_status, 2);
  EXPECT_TRUE(says_one_line(result, {"-m: expected", "-m GonzaloMG/marigold-e2e-ft-depth"}));
}

TEST_F(Marigold, WildGuessesAreNotOffered) {
  for (const std::string option : {"--camera", "--evaluate", "-x"}) {
    const ProcessResult result = run({"predict", "photo.png", "-m", "model", option});
    EXPECT_EQ(result.exit_status, 2);
    EXPECT_TRUE(says_one_line(result, {"see onestep predict --help"}));
  }
}

TEST_F(Marigold, MistakesNameTheOptionAsItWasTyped) {
  const auto line_of = [&](Names words) {
    words.insert(words.begin(), {"predict", "photo.png", "-m", "model"});
    return run(words).err;
  };
  EXPECT_TRUE(line_of({"--denoise_steps", "x"})
                  .starts_with("onestep: --denoise_steps (--steps): expected a whole number"));
  EXPECT_TRUE(line_of({"--n_infer=0"}).starts_with("onestep: --n_infer (--ensemble): expected"));
  EXPECT_TRUE(line_of({"--denoise_steps"})
                  .starts_with("onestep: --denoise_steps (--steps): expected a value"));
  EXPECT_TRUE(
      line_of({"--denoise_steps", "4", "--steps", "x"}).starts_with("onestep: --steps: expected"));
}

/// The flags of their scripts, as docs/marigold.md lists them.
TEST_F(Marigold, ThePageNamesEverySpelling) {
  std::ifstream file(ONESTEP_SOURCE_DIR "/docs/marigold.md");
  const std::string page((std::istreambuf_iterator<char>(file)), {});
  const std::string help = run({"predict", "--help"}).out;
  const std::string begin = "Marigold's spellings are understood too:\n";
  ASSERT_NE(help.find(begin), std::string::npos);
  const Names lines = lines_of(help.substr(help.find(begin) + begin.size()));
  for (const std::string& line : lines) {
    if (!line.starts_with("  --")) break;
    const std::string spelling = line.substr(2, line.find(' ', 2) - 2);
    EXPECT_NE(page.find("`" + spelling + "`"), std::string::npos) << spelling;
  }
}

}  // namespace
}  // namespace onestep::testing
