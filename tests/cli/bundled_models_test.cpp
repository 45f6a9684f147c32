#include "onestep/io/safetensors.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <fstream>

#include "cli/command_line_fixture.h"

namespace onestep::testing {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using Names = std::vector<std::string>;

const Names kBoth = {"a_depth.json",   "a_depth.npy",   "a_depth.png",  "a_depth_color.png",
                     "a_normals.json", "a_normals.npy", "a_normals.png"};

json json_of(const fs::path& file) {
  std::ifstream stream(file);
  return json::parse(stream);
}

std::string bytes_of(const fs::path& file) {
  std::ifstream stream(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

/// The program as it is installed, in bin/, with tiny models for those that come with it.
class BundledModels : public CommandLine {
 protected:
  BundledModels() {
    photograph("a.png");
    fs::create_directories(folder() / "bin");
    fs::copy_file(ONESTEP_PROGRAM, folder() / "bin/onestep");
    fs::create_directories(models());
    copy_golden_model("tiny_e2e_depth", models(), "depth");
    copy_golden_model("tiny_e2e_normals", models(), "normals");
  }

  fs::path models() const { return folder() / "share/onestep/models"; }
  ProcessResult run_installed(const Names& arguments, ProcessOptions options = {}) const {
    Names words = {(folder() / "bin/onestep").native()};
    words.insert(words.end(), arguments.begin(), arguments.end());
    options.folder = folder();
    return run_process(words, options);
  }
};

TEST_F(BundledModels, WriteDepthAndNormalsWithoutAModelNamed) {
  const ProcessResult result = run_installed({"predict", "a.png"});
  EXPECT_EQ(result.exit_status, 0) << result.err;
  EXPECT_EQ(result.out, "out/a_depth.npy\nout/a_normals.npy\n");
  EXPECT_EQ(files_in("out"), kBoth);
  const json description = json_of(folder() / "out/a_depth.json");
  EXPECT_EQ(description.at("model").at("folder"), fs::canonical(models() / "depth").native());
}

TEST_F(BundledModels, GiveTheNumbersOfTheSameModelsNamed) {
  ASSERT_EQ(run_installed({"predict", "a.png", "--formats", "npy"}).exit_status, 0);
  ASSERT_EQ(run_installed({"predict", "a.png", "-o", "named", "--formats", "npy", "-m", model(),
                           "-m", model("tiny_e2e_normals")})
                .exit_status,
            0);
  for (const std::string name : {"a_depth.npy", "a_normals.npy"}) {
    EXPECT_EQ(bytes_of(folder() / "out" / name), bytes_of(folder() / "named" / name)) << name;
  }
}

TEST_F(BundledModels, AreFoundThroughALinkToTheProgram) {
  fs::create_directories(folder() / "elsewhere/bin");
  fs::create_symlink(folder() / "bin/onestep", folder() / "elsewhere/bin/onestep");
  ProcessOptions options;
  options.folder = folder();
  const ProcessResult result =
      run_process({(folder() / "elsewhere/bin/onestep").native(), "predict", "a.png"}, options);
  EXPECT_EQ(result.exit_status, 0) << result.err;
}

TEST_F(BundledModels, WithModalityTheOtherOneIsLeftAlone) {
  fs::remove_all(models() / "depth");
  const ProcessResult result = run_installed({"predict", "a.png", "--modality", "normals"});
  EXPECT_EQ(result.exit_status, 0) << result.err;
  EXPECT_EQ(files_in("out"), (Names{"a.json", "a_normals.npy", "a_normals.png"}));
}

TEST_F(BundledModels, OneAfterTheOtherIsRefusedWithTheRemedy) {
  ASSERT_EQ(run_installed({"predict", "a.png", "--modality", "normals"}).exit_status, 0);
  const ProcessResult result = run_installed({"predict", "a.png", "--modality", "depth"});
  EXPECT_EQ(result.exit_status, 1);
  EXPECT_TRUE(says_one_line(result, {"found one of normals", "-o", "leave --modality out"}));
}

TEST_F(BundledModels, TakeFoldersAndResume) {
  photograph("in/a.png");
  photograph("in/b/c.png");
  ASSERT_EQ(run_installed({"predict", "in", "--formats", "npy"}).exit_status, 0);
  fs::remove(folder() / "out/b/c_normals.npy");
  const ProcessResult result =
      run_installed({"predict", "in", "--formats", "npy", "--skip-existing"});
  EXPECT_EQ(result.exit_status, 0) << result.err;
  EXPECT_EQ(result.out, "out/b/c_normals.npy\n");
}

TEST_F(BundledModels, ObeyOptionsOfOneKindOfMap) {
  const ProcessResult result =
      run_installed({"predict", "a.png", "--normal-frame", "opencv", "--color-map", "viridis"});
  EXPECT_EQ(result.exit_status, 0) << result.err;
  const json normals = json_of(folder() / "out/a_normals.json");
  EXPECT_EQ(normals.at("prediction").at("frame").at("name"), "opencv");
}

TEST_F(BundledModels, AreCalledSoInUsageErrors) {
  const ProcessResult reduction = run_installed({"predict", "a.png", "--reduction", "median"});
  EXPECT_EQ(reduction.exit_status, 2);
  EXPECT_TRUE(says_one_line(reduction, {"--reduction", "the bundled normals model"}));
  const ProcessResult idle =
      run_installed({"predict", "a.png", "--modality", "depth", "--unit-normals"});
  EXPECT_EQ(idle.exit_status, 2);
  EXPECT_TRUE(says_one_line(idle, {"--unit-normals", "the bundled depth model"}));
  EXPECT_FALSE(exists("out"));
}

TEST_F(BundledModels, ThatAreGoneAreOneLineWithTheRemedyBeforeAnyWork) {
  fs::remove_all(models() / "normals");
  const ProcessResult result = run_installed({"predict", "a.png"});
  EXPECT_EQ(result.exit_status, 1);
  EXPECT_EQ(result.out, "");
  EXPECT_TRUE(says_one_line(result, {"share/onestep/models/normals", "models/bundled", "-m"}));
  EXPECT_FALSE(exists("out"));
  EXPECT_EQ(run_installed({"predict", "a.png", "-m", model()}).exit_status, 0);
}

TEST_F(BundledModels, AreNamedByTheVersion) {
  const auto last = [&] { return lines_of(run_installed({"--version"}).out).back(); };
  const std::string where = " in " + fs::canonical(models()).native();
  EXPECT_EQ(last(), "bundled models: depth, normals" + where);
  fs::remove_all(models() / "depth");
  EXPECT_EQ(last(), "bundled models: normals" + where);
  fs::remove_all(models() / "normals");
  EXPECT_EQ(last(), "bundled models: none" + where);
}

/// What is really in models/bundled, with the program of the build tree.
class ShippedModels : public CommandLine {
 protected:
  void SetUp() override { ASSERT_TRUE(fs::exists(shipped())) << shipped() << " is gone"; }
  static fs::path shipped() { return fs::path(ONESTEP_SOURCE_DIR) / "models/bundled"; }
};

TEST_F(ShippedModels, PredictAPhotographOfTheExamplesAtTheAreaThatTheySay) {
  const std::string coffee = (fs::path(ONESTEP_SOURCE_DIR) / "examples/coffee.jpg").native();
  const ProcessResult result = run({"predict", coffee, "--json"});
  ASSERT_EQ(result.exit_status, 0) << result.err;
  const Names lines = lines_of(result.out);
  ASSERT_EQ(lines.size(), 2u);
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const std::string modality = i == 0 ? "depth" : "normals";
    const json object = json::parse(lines[i]);
    EXPECT_EQ(object.at("prediction").at("modality"), modality);
    EXPECT_EQ(object.at("pipeline").at("name"), "e2e");
    const json file = json_of(shipped() / modality / "onestep.json");
    EXPECT_EQ(object.at("options").at("processing_pixels"), file.at("processing_pixels"));
  }
}

TEST_F(ShippedModels, AreSmallAndStoredInHalfPrecisionAndHaveCards) {
  std::uintmax_t total = 0;
  for (const auto& entry : fs::recursive_directory_iterator(shipped())) {
    if (!entry.is_regular_file()) continue;
    total += entry.file_size();
    EXPECT_LE(entry.file_size(), std::uintmax_t{16'000'000}) << entry.path();
    if (entry.path().extension() != ".safetensors") continue;
    if (entry.path().parent_path().filename() == "text_encoder") continue;  // a few numbers
    for (const auto& [name, tensor] : read_safetensors(entry.path())) {
      EXPECT_EQ(tensor.dtype(), DType::float16) << entry.path() << ": " << name;
    }
  }
  EXPECT_LE(total, std::uintmax_t{24'000'000});
  for (const std::string modality : {"depth", "normals"}) {
    EXPECT_TRUE(fs::exists(shipped() / modality / "README.md")) << modality;
  }
}

}  // namespace
}  // namespace onestep::testing
