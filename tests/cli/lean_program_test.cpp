// The program that is not linked to libtorch.

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "cli/command_line_fixture.h"

namespace onestep::testing {
namespace {

using nlohmann::json;
using LeanProgram = CommandLine;

TEST_F(LeanProgram, LoadsNoLibtorch) {
  const ProcessResult result = run_process({"/usr/bin/env", "ldd", ONESTEP_PROGRAM});
  if (result.exit_status == 127) GTEST_SKIP() << "no ldd here";
  ASSERT_EQ(result.exit_status, 0) << result.err;
  EXPECT_NE(result.out.find("libc.so"), std::string::npos) << result.out;
  for (const char* library : {"torch", "libc10", "cuda", "cudnn", "python"}) {
    EXPECT_EQ(result.out.find(library), std::string::npos) << result.out;
  }
  EXPECT_NE(run({"--version"}).out.find("torch no"), std::string::npos);
}

TEST_F(LeanProgram, RefusesOtherDevicesBeforeAnyWorkAndSaysHowToGetThem) {
  photograph("photo.png");
  for (const std::string device : {"cuda", "cuda:0", "torch-cpu"}) {
    const ProcessResult result = run({"predict", "photo.png", "-m", model(), "--device", device});
    EXPECT_EQ(result.exit_status, 1);
    EXPECT_EQ(result.out, "");
    EXPECT_TRUE(says_one_line(
        result, {"--device " + device, "libtorch", "./run train", "-DONESTEP_TORCH=ON"}));
  }
  EXPECT_EQ(files_in("."), std::vector<std::string>{"photo.png"});
}

TEST_F(LeanProgram, RefusesTrainAndSaysHowToGetIt) {
  for (const std::vector<std::string>& words :
       {std::vector<std::string>{"train"}, {"train", "recipe.json", "-o", "folder"}}) {
    const ProcessResult result = run(words);
    EXPECT_EQ(result.exit_status, 1);
    EXPECT_EQ(result.out, "");
    EXPECT_TRUE(says_one_line(result, {"train: ", "libtorch", "./run train", "onestep-torch"}));
  }
  const ProcessResult help = run({"train", "--help"});
  EXPECT_EQ(help.exit_status, 0);
  EXPECT_NE(help.out.find("onestep train RECIPE"), std::string::npos) << help.out;
}

TEST_F(LeanProgram, NamesItsDeviceInTheJson) {
  photograph("photo.png");
  const ProcessResult result =
      run({"predict", "photo.png", "-m", model(), "--device", "cpu", "--json"});
  ASSERT_EQ(result.exit_status, 0) << result.err;
  const json device = json::parse(result.out).at("device");
  EXPECT_EQ(device.at("name"), "cpu");
  EXPECT_EQ(device.at("library"), nullptr);
  EXPECT_TRUE(device.at("simd").is_string());
}

}  // namespace
}  // namespace onestep::testing
