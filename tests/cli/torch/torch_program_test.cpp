// The program that is linked to libtorch, beside the one that is not.

#include "onestep/backend/torch/torch_backend.h"
#include "onestep/io/numpy/npy.h"

#include "testing/golden.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "cli/command_line_fixture.h"

namespace onestep::testing {
namespace {

using nlohmann::json;
using Words = std::vector<std::string>;

/// What a program wrote for photo.png, and the JSON that it printed.
struct Outcome {
  Array map;
  json description;
};

class TorchProgram : public CommandLine {
 protected:
  void SetUp() override { photograph("photo.png", 96, 72); }

  Outcome outcome(const std::string& program, const Words& more, const std::string& output) const {
    Words words = {program, "predict", "photo.png", "-m", model(), "-o", output, "--json"};
    words.insert(words.end(), more.begin(), more.end());
    ProcessOptions options;
    options.folder = folder();
    const ProcessResult result = run_process(words, options);
    EXPECT_EQ(result.exit_status, 0) << result.err;
    if (result.exit_status != 0) return {};
    return {read_npy(folder() / output / "photo_depth.npy"), json::parse(result.out)};
  }
  Outcome lean() const { return outcome(ONESTEP_LEAN_PROGRAM, {}, "lean"); }
  Outcome torch(const Words& more) const { return outcome(ONESTEP_PROGRAM, more, "torch"); }
};

TEST_F(TorchProgram, ComputesWithOurKernelsUnlessAskedOtherwise) {
  const Outcome got = torch({});
  EXPECT_EQ(max_difference(got.map, lean().map), 0);
  EXPECT_EQ(got.description.at("device").at("library"), nullptr);
}

/// Measured: 4e-6.
TEST_F(TorchProgram, PredictsWithLibtorchTheSameUpToRounding) {
  const Outcome got = torch({"--device", "torch-cpu", "--threads", "1"});
  EXPECT_LE(max_difference(got.map, lean().map), 1e-5);
  EXPECT_EQ(
      got.description.at("device"),
      (json{{"name", "cpu"}, {"library", "torch 2.11.0"}, {"simd", nullptr}, {"threads", 1}}));
}

TEST_F(TorchProgram, PredictsOnAGpuTheSameUpToRounding) {
  if (!torch_cuda_available()) GTEST_SKIP() << "no GPU here";
  const Outcome got = torch({"--device", "cuda"});
  EXPECT_LE(max_difference(got.map, lean().map), 1e-5);
  EXPECT_EQ(got.description.at("device").at("name"), "cuda:0");
}

TEST_F(TorchProgram, SaysThatAGpuIsMissingBeforeAnyWork) {
  const ProcessResult result = run({"predict", "photo.png", "-m", model(), "--device", "cuda:99"});
  EXPECT_EQ(result.exit_status, 1);
  EXPECT_TRUE(says_one_line(result, {"cuda:99", torch_cuda_available() ? "GPUs" : "no GPU"}));
  EXPECT_EQ(files_in("."), Words{"photo.png"});
}

TEST_F(TorchProgram, RefusesOptionsOfOurKernelsOnAnotherDevice) {
  for (const Words& more : {Words{"--simd", "sse4"}, {"--conv-algorithm", "direct"}}) {
    Words words = {"predict", "photo.png", "-m", model(), "--device", "torch-cpu"};
    words.insert(words.end(), more.begin(), more.end());
    const ProcessResult result = run(words);
    EXPECT_EQ(result.exit_status, 2);
    EXPECT_TRUE(says_one_line(result, {more.front(), "--device cpu", "torch-cpu"}));
  }
}

TEST_F(TorchProgram, TakesADepthAndANormalsModelOnOneDevice) {
  const ProcessResult result = run({"predict", "photo.png", "-m", model(), "-m",
                                    model("tiny_e2e_normals"), "--device", "torch-cpu"});
  EXPECT_EQ(result.exit_status, 0) << result.err;
  EXPECT_EQ(lines_of(result.out), (Words{"out/photo_depth.npy", "out/photo_normals.npy"}));
  EXPECT_EQ(result.err, "");
}

TEST_F(TorchProgram, NamesLibtorchAmongItsParts) {
  EXPECT_NE(run({"--version"}).out.find("torch yes"), std::string::npos);
}

}  // namespace
}  // namespace onestep::testing
