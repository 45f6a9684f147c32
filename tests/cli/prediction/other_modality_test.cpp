#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <fstream>

#include "cli/command_line_fixture.h"

namespace onestep::testing {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using Names = std::vector<std::string>;

/// A folder that holds the depth of a.png, and runs into it with a model of normals.
class OtherModality : public CommandLine {
 protected:
  OtherModality() {
    photograph("a.png");
    EXPECT_EQ(run({"predict", "a.png", "-m", model(), "--quiet"}).exit_status, 0);
    before_ = files_in("out");
  }
  ProcessResult normals(const Names& words) const {
    Names all = {"predict", "-m", model("tiny_e2e_normals"), "--quiet"};
    all.insert(all.end(), words.begin(), words.end());
    return run(all);
  }
  std::string modality() const {
    std::ifstream file(folder() / "out/a.json");
    return json::parse(file).at("prediction").at("modality");
  }

  Names before_;
};

TEST_F(OtherModality, IsRefusedWhereTheDescriptionWouldBeReplaced) {
  const ProcessResult result = normals({"a.png"});
  EXPECT_EQ(result.exit_status, 1);
  EXPECT_EQ(result.out, "");
  EXPECT_TRUE(
      says_one_line(result, {"a.png: ", "out/a.json", "expected no result or one of normals",
                             "found one of depth", "-o", "-m DEPTH -m NORMALS"}));
  EXPECT_EQ(files_in("out"), before_);
  EXPECT_EQ(modality(), "depth");
}

TEST_F(OtherModality, IsRefusedBeforeWeightsAreRead) {
  const fs::path copy = copy_golden_model("tiny_e2e_normals", folder(), "weightless");
  for (const auto& entry : fs::recursive_directory_iterator(copy)) {
    if (entry.path().extension() == ".safetensors") fs::resize_file(entry.path(), 0);
  }
  const ProcessResult result = run({"predict", "a.png", "-m", "weightless"});
  EXPECT_EQ(result.exit_status, 1);
  EXPECT_TRUE(says_one_line(result, {"found one of depth"}));
}

TEST_F(OtherModality, DoesNotKeepOtherPhotographsFromBeingDone) {
  photograph("b.png");
  const ProcessResult result = normals({"a.png", "b.png"});
  EXPECT_EQ(result.exit_status, 1);
  EXPECT_EQ(result.out, "out/b_normals.npy\n");
  const Names lines = lines_of(result.err);
  ASSERT_EQ(lines.size(), 2U) << result.err;
  EXPECT_EQ(lines[0].find("onestep: a.png: expected no result or one of normals"), 0U) << lines[0];
  EXPECT_EQ(lines[1], "onestep: 1 of 2 inputs failed");
  EXPECT_EQ(modality(), "depth");
}

TEST_F(OtherModality, OfManyPhotographsIsOneLine) {
  photograph("b.png");
  fs::copy_file(folder() / "out/a.json", folder() / "out/b.json");
  EXPECT_TRUE(says_one_line(normals({"a.png", "b.png"}), {"a.png: ", "(and so for 1 more)"}));
}

TEST_F(OtherModality, IsNotTakenForDoneByItsDescription) {
  const Names words = {"a.png", "--skip-existing", "--formats", "json"};
  const ProcessResult result = normals(words);
  EXPECT_EQ(result.exit_status, 1);
  EXPECT_TRUE(says_one_line(result, {"found one of depth"}));
  fs::remove(folder() / "out/a.json");
  EXPECT_EQ(normals(words).exit_status, 0);
  EXPECT_EQ(normals(words).out, "");
}

TEST_F(OtherModality, GoesBesideWhereAllNamesTellIt) {
  const Names words = {"a.png", "--formats", "npy,color"};
  EXPECT_EQ(normals(words).out, "out/a_normals.npy\n");
  EXPECT_EQ(modality(), "depth");
}

TEST_F(OtherModality, ADescriptionOfSomethingElseIsReplaced) {
  std::ofstream(folder() / "out/a.json") << "{\"made by\": \"another program\"}";
  EXPECT_EQ(normals({"a.png"}).exit_status, 0);
  EXPECT_EQ(modality(), "normals");
}

}  // namespace
}  // namespace onestep::testing
