#include "onestep/io/numpy/npy.h"
#include "onestep/io/png.h"
#include "onestep/io/safetensors.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <fstream>
#include <sstream>

#include "cli/command_line_fixture.h"

namespace onestep::testing {
namespace {

using nlohmann::json;
using Names = std::vector<std::string>;
using Predict = CommandLine;

json read_json(const std::filesystem::path& path) {
  return json::parse(std::ifstream(path));
}

TEST_F(Predict, WritesDepthInEveryFormat) {
  const ProcessResult result =
      run({"predict", photograph("photo.png"), "-m", model(), "-o", "new/results"});
  EXPECT_EQ(result.exit_status, 0) << result.err;
  EXPECT_EQ(result.err, "");
  EXPECT_EQ(result.out, "new/results/photo_depth.npy\n");
  EXPECT_EQ(files_in("new/results"),
            (Names{"photo.json", "photo_depth.npy", "photo_depth.png", "photo_depth_color.png"}));
  const Array depth = read_npy(folder() / "new/results/photo_depth.npy");
  EXPECT_EQ(depth.dtype(), DType::float32);
  EXPECT_EQ(depth.shape(), (Shape{40, 48}));
  const Array picture = read_png(folder() / "new/results/photo_depth.png");
  EXPECT_EQ(picture.dtype(), DType::uint16);
  EXPECT_EQ(picture.shape(), (Shape{40, 48}));
  EXPECT_EQ(read_png(folder() / "new/results/photo_depth_color.png").shape(), (Shape{40, 48, 3}));
  EXPECT_TRUE(read_json(folder() / "new/results/photo.json").is_object());
}

TEST_F(Predict, ProfilesOnStderrAndChangesNothing) {
  run({"predict", photograph("photo.png"), "-m", model(), "-o", "plain", "--threads", "1"});
  const ProcessResult result = run({"predict", photograph("photo.png"), "-m", model(), "-o",
                                    "profiled", "--threads", "1", "--profile"});
  EXPECT_EQ(result.exit_status, 0) << result.err;
  EXPECT_EQ(result.out, "profiled/photo_depth.npy\n");
  const Array plain = read_npy(folder() / "plain/photo_depth.npy");
  const Array profiled = read_npy(folder() / "profiled/photo_depth.npy");
  const auto values = plain.view<float>();
  EXPECT_TRUE(std::equal(values.begin(), values.end(), profiled.view<float>().begin()));
  EXPECT_NE(result.err.find("  conv2d 3x3 "), std::string::npos) << result.err;
  EXPECT_NE(result.err.find("in no operation "), std::string::npos) << result.err;

  // Stages stand at the margin and add up to the whole, to the last digit of each.
  std::istringstream lines(result.err);
  double sum = 0;
  double whole = 0;
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string name;
    double seconds = 0;
    if (line.starts_with(' ') || !(words >> name >> seconds)) continue;
    (name == "whole" ? whole : sum) += seconds;
  }
  EXPECT_GT(whole, 0) << result.err;
  EXPECT_NEAR(sum, whole, 0.005) << result.err;
}

TEST_F(Predict, WritesNormalsWhereTheCheckpointDeclaresThem) {
  const ProcessResult result =
      run({"predict", photograph("photo.png"), "-m", model("tiny_e2e_normals")});
  EXPECT_EQ(result.exit_status, 0) << result.err;
  EXPECT_EQ(files_in("out"), (Names{"photo.json", "photo_normals.npy", "photo_normals.png"}));
  EXPECT_EQ(read_npy(folder() / "out/photo_normals.npy").shape(), (Shape{40, 48, 3}));
}

TEST_F(Predict, AnExplicitModalityOverridesTheCheckpointAndTheJsonSaysSo) {
  const ProcessResult result =
      run({"predict", photograph("photo.png"), "-m", model(), "--modality", "normals", "--json"});
  EXPECT_EQ(result.exit_status, 0) << result.err;
  EXPECT_TRUE(exists("out/photo_normals.npy"));
  const json object = json::parse(result.out);
  EXPECT_EQ(object.at("prediction").at("modality"), "normals");
  EXPECT_NE(object.dump().find("explicit"), std::string::npos) << object;
}

TEST_F(Predict, TakesFilesAndFolders) {
  photograph("album/b.png");
  photograph("album/a.PNG");
  std::ofstream(folder() / "album/notes.txt") << "no picture";
  const ProcessResult result =
      run({"predict", "album", photograph("c.png"), "-m", model(), "--formats", "npy"});
  EXPECT_EQ(result.exit_status, 0) << result.err;
  EXPECT_EQ(lines_of(result.out), (Names{"out/a_depth.npy", "out/b_depth.npy", "out/c_depth.npy"}));
  EXPECT_EQ(files_in("out"), (Names{"a_depth.npy", "b_depth.npy", "c_depth.npy"}));
}

TEST_F(Predict, PrintsOneJsonObjectForEachImage) {
  const ProcessResult result =
      run({"predict", photograph("a.png"), photograph("b.png"), "-m", model(), "--json", "--steps",
           "2", "--seed", "18446744073709551615", "--noise", "gaussian"});
  EXPECT_EQ(result.exit_status, 0) << result.err;
  const auto lines = lines_of(result.out);
  ASSERT_EQ(lines.size(), 2u) << result.out;
  EXPECT_EQ(json::parse(lines[0]).at("input"), "a.png");
  const json object = json::parse(lines[1]);
  EXPECT_EQ(object.at("input"), "b.png");
  EXPECT_EQ(object.at("options").at("steps"), 2);
  EXPECT_EQ(object.at("options").at("seed"), 18446744073709551615ull);
  EXPECT_EQ(object.at("options").at("noise"), "gaussian");
  EXPECT_EQ(object.at("files").size(), 4u);
}

TEST_F(Predict, FollowsSizesFormatsAndSpacing) {
  const ProcessResult result =
      run({"predict", photograph("photo.png", 80, 48), "-m", model(), "--processing-res=40",
           "--no-match-input", "--formats", "color,npy", "--color-map", "viridis_r", "--spacing",
           "leading", "--resample", "nearest-exact", "--threads", "1", "--json"});
  EXPECT_EQ(result.exit_status, 0) << result.err;
  EXPECT_EQ(files_in("out"), (Names{"photo_depth.npy", "photo_depth_color.png"}));
  const json object = json::parse(result.out);
  EXPECT_EQ(object.at("options").at("spacing"), "leading");
  EXPECT_EQ(object.at("options").at("resample_input"), "nearest-exact");
  EXPECT_EQ(object.at("sizes").at("processed").at("width"), 40);
  EXPECT_EQ(object.at("sizes").at("output").at("width"), 40);
  EXPECT_EQ(object.at("device").at("threads"), 1);
}

TEST_F(Predict, SavesIntermediates) {
  const ProcessResult result = run({"predict", photograph("photo.png"), "-m", model(),
                                    "--save-intermediates", "--formats", "json"});
  EXPECT_EQ(result.exit_status, 0) << result.err;
  EXPECT_EQ(files_in("out"), (Names{"photo.json", "photo_intermediates.safetensors"}));
  const StateDict tensors = read_safetensors(folder() / "out/photo_intermediates.safetensors");
  for (const char* name : {"image", "image_latent", "text_embedding", "noise", "timesteps",
                           "unet_output.0", "latent.0", "decoded", "prediction"}) {
    EXPECT_EQ(tensors.count(name), 1u) << name;
  }
}

TEST_F(Predict, GivesTheSameNumbersWhateverTheOrderOfInputs) {
  photograph("a.png");
  photograph("b.png", 56, 40);
  const Names common = {"-m", model(), "--noise", "gaussian", "--formats", "npy", "--steps", "2"};
  const auto predict = [&](Names arguments, const std::string& output) {
    arguments.insert(arguments.begin(), "predict");
    arguments.insert(arguments.end(), common.begin(), common.end());
    arguments.insert(arguments.end(), {"-o", output});
    EXPECT_EQ(run(arguments).exit_status, 0);
    std::ifstream file(folder() / output / "a_depth.npy", std::ios::binary);
    return std::string(std::istreambuf_iterator<char>(file), {});
  };
  const std::string first = predict({"a.png", "b.png"}, "one");
  EXPECT_FALSE(first.empty());
  EXPECT_EQ(first, predict({"b.png", "a.png"}, "two"));
}

TEST_F(Predict, ForcesAlgorithms) {
  photograph("photo.png");
  for (const std::string algorithm : {"automatic", "direct", "tiles"}) {
    const ProcessResult result = run({"predict", "photo.png", "-m", model(), "--conv-algorithm",
                                      algorithm, "-o", algorithm, "--formats", "npy"});
    EXPECT_EQ(result.exit_status, 0) << result.err;
  }
}

TEST_F(Predict, ForcesEveryInstructionSetThatTheVersionNames) {
  photograph("photo.png");
  const auto lines = lines_of(run({"--version"}).out);
  ASSERT_GE(lines.size(), 2u);
  std::istringstream version(lines[1].substr(lines[1].find(':') + 1));
  std::string word;
  int sets = 0;
  for (; version >> word; ++sets) {
    const ProcessResult result =
        run({"predict", "photo.png", "-m", model(), "--simd", word, "--json"});
    ASSERT_EQ(result.exit_status, 0) << result.err;
    EXPECT_EQ(json::parse(result.out).at("device").at("simd"), word);
  }
  EXPECT_GT(sets, 0);
}

TEST_F(Predict, PrefersTheWeightsOfAVariant) {
  const ProcessResult result = run({"predict", photograph("photo.png"), "-m",
                                    model("tiny_marigold_depth"), "--variant", "fp16"});
  EXPECT_EQ(result.exit_status, 0) << result.err;
}

TEST_F(Predict, TakesWordsBehindTwoDashesAsInputs) {
  photograph("-strange.png");
  photograph("[1].png");
  photograph("inspect");
  const ProcessResult result = run(
      {"predict", "[1].png", "inspect", "-m", model(), "--formats", "npy", "--", "-strange.png"});
  EXPECT_EQ(result.exit_status, 0) << result.err;
  EXPECT_EQ(files_in("out"), (Names{"-strange_depth.npy", "[1]_depth.npy", "inspect_depth.npy"}));
}

TEST_F(Predict, CopesWithNamesOfAnyBytes) {
  photograph("z\xc3\xbcrich.png");
  photograph("line\nbreak.png");
  photograph("latin\xfc.png");
  const ProcessResult result = run({"predict", ".", "-m", model(), "--json"});
  EXPECT_EQ(result.exit_status, 0) << result.err;
  ASSERT_EQ(lines_of(result.out).size(), 3u) << result.out;
  for (const std::string& line : lines_of(result.out)) EXPECT_TRUE(json::accept(line)) << line;
  EXPECT_TRUE(exists("out/z\xc3\xbcrich_depth.npy"));
  EXPECT_TRUE(exists("out/line\nbreak_depth.npy"));
  EXPECT_TRUE(exists("out/latin\xfc_depth.npy"));
}

TEST_F(Predict, SaysNothingOnStderrWhereThatIsNoTerminalOrQuietIsAsked) {
  if (!has_terminals()) GTEST_SKIP() << "no pseudo-terminals here";
  photograph("photo.png");
  ProcessOptions terminal;
  terminal.terminal = true;
  EXPECT_EQ(run({"predict", "photo.png", "-m", model()}).err, "");
  EXPECT_EQ(run({"predict", "photo.png", "-m", model(), "--quiet"}, terminal).err, "");
}

TEST_F(Predict, ShowsProgressOnATerminalAndClearsIt) {
  if (!has_terminals()) GTEST_SKIP() << "no pseudo-terminals here";
  ProcessOptions terminal;
  terminal.terminal = true;
  const ProcessResult result =
      run({"predict", photograph("a.png"), photograph("b.png"), "-m", model()}, terminal);
  EXPECT_EQ(result.exit_status, 0);
  for (const char* part : {"loading", "0 of 2 done", "1 of 2 done", "encode", "left", "a.png"}) {
    EXPECT_NE(result.err.find(part), std::string::npos) << part << " in " << result.err;
  }
  EXPECT_TRUE(result.err.ends_with("\r\x1b[K")) << result.err;
  EXPECT_EQ(result.err.find('\n'), std::string::npos) << "redrawn in place";
  EXPECT_EQ(lines_of(result.out).size(), 2u);
}

}  // namespace
}  // namespace onestep::testing
