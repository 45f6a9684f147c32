#include "onestep/io/numpy/npy.h"

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

#include "cli/command_line_fixture.h"

namespace onestep::testing {
namespace {

using Names = std::vector<std::string>;
using Formats = CommandLine;

/// docs/licences.md.
std::string licences_page() {
  std::ifstream file(ONESTEP_SOURCE_DIR "/docs/licences.md");
  return {std::istreambuf_iterator<char>(file), {}};
}

TEST_F(Formats, LicencesPrintsThePageAndTheVersions) {
  const ProcessResult result = run({"licences"});
  EXPECT_EQ(result.exit_status, 0);
  EXPECT_EQ(result.err, "");
  EXPECT_TRUE(result.out.starts_with(licences_page()));
  EXPECT_NE(result.out.find("Built with libpng 1."), std::string::npos);
  for (const std::string part : {"nlohmann-json", "CLI11", "Highway", "libpng", "libjpeg-turbo",
                                 "minizip", "zlib", "OpenEXR", "viridis", "turbo", "Apache-2.0"}) {
    EXPECT_NE(result.out.find(part), std::string::npos) << part;
  }
  EXPECT_EQ(run({"licences", "all"}).exit_status, 2);
}

TEST_F(Formats, WritesPfmOfDepthAndNormals) {
  const std::string photo = photograph("a.png");
  const ProcessResult result =
      run({"predict", photo, "-m", model(), "-m", model("tiny_e2e_normals"), "--formats", "pfm"});
  EXPECT_EQ(result.exit_status, 0) << result.err;
  EXPECT_EQ(files_in("out"), (Names{"a_depth.pfm", "a_normals.pfm"}));
}

TEST_F(Formats, WritesExrOrNamesThePackageBeforeAnyWork) {
  const bool has_exr = run({"--version"}).out.find("exr yes") != std::string::npos;
  const ProcessResult result =
      run({"predict", photograph("a.png"), "-m", model(), "--formats", "exr"});
  if (has_exr) {
    EXPECT_EQ(result.exit_status, 0) << result.err;
    EXPECT_EQ(files_in("out"), (Names{"a_depth.exr"}));
  } else {
    EXPECT_EQ(result.exit_status, 1);
    EXPECT_TRUE(says_one_line(result, {"EXR was not built in", "libopenexr-dev"}));
    EXPECT_FALSE(exists("out"));
  }
}

TEST_F(Formats, NormalFrameConvertsAndTheLineOfJsonSaysSo) {
  const std::string photo = photograph("a.png");
  const Names common = {"predict",   photo, "-m",    model("tiny_e2e_normals"),
                        "--formats", "npy", "--json"};
  Names own = common;
  own.insert(own.end(), {"-o", "own", "--normal-frame", "model"});
  Names opencv = common;
  opencv.insert(opencv.end(), {"-o", "opencv", "--normal-frame", "opencv"});
  ASSERT_EQ(run(own).exit_status, 0);
  const ProcessResult result = run(opencv);
  ASSERT_EQ(result.exit_status, 0) << result.err;
  EXPECT_NE(result.out.find("\"name\":\"opencv\""), std::string::npos) << result.out;
  EXPECT_NE(result.out.find("converted from dsine"), std::string::npos) << result.out;
  const Array before = read_npy(folder() / "own/a_normals.npy");
  const Array after = read_npy(folder() / "opencv/a_normals.npy");
  for (std::size_t i = 0; i < before.view<float>().size(); ++i) {
    EXPECT_EQ(after.view<float>()[i], -before.view<float>()[i]);
  }
}

TEST_F(Formats, UnitNormalsHaveLengthOne) {
  const ProcessResult result = run({"predict", photograph("a.png"), "-m", model("tiny_e2e_normals"),
                                    "--formats", "npy", "--unit-normals"});
  ASSERT_EQ(result.exit_status, 0) << result.err;
  const Array map = read_npy(folder() / "out/a_normals.npy");
  const auto n = map.view<float>();
  for (std::size_t i = 0; i < n.size(); i += 3) {
    EXPECT_NEAR(n[i] * n[i] + n[i + 1] * n[i + 1] + n[i + 2] * n[i + 2], 1.0F, 1e-6F);
  }
}

TEST_F(Formats, AnUnknownFrameIsAUsageError) {
  const ProcessResult result =
      run({"predict", "a.png", "-m", model(), "--normal-frame", "opengml"});
  EXPECT_EQ(result.exit_status, 2);
  EXPECT_TRUE(says_one_line(result, {"--normal-frame", "\"opengml\"", "\"opengl\"?"}));
}

TEST_F(Formats, DrawsTurbo) {
  const ProcessResult result = run({"predict", photograph("a.png"), "-m", model(), "--formats",
                                    "color", "--color-map", "turbo"});
  EXPECT_EQ(result.exit_status, 0) << result.err;
}

}  // namespace
}  // namespace onestep::testing
