#include "onestep/hub/bundled_models.h"

#include "onestep/base/check.h"

#include <gtest/gtest.h>

#include "io/scratch.h"

namespace onestep {
namespace {

namespace fs = std::filesystem;

TEST(BundledModels, LieInShareBesideTheFolderOfTheExecutable) {
  EXPECT_EQ(bundled_models_folder("/there/bin/onestep"), "/there/share/onestep/models");
}

TEST(BundledModels, AreFoundThroughTheLinkOfABuildTree) {
  const Scratch scratch;
  const fs::path tree = fs::canonical(scratch.folder());
  fs::create_directories(tree / "models/bundled/depth");
  fs::create_directories(tree / "build/share/onestep");
  fs::create_symlink(tree / "models/bundled", tree / "build/share/onestep/models");
  EXPECT_EQ(bundled_models_folder(tree / "build/bin/onestep"), tree / "models/bundled");
}

TEST(BundledModels, OfTheRunningProgramAreThoseBesideIt) {
  EXPECT_EQ(bundled_models_folder(), bundled_models_folder(fs::read_symlink("/proc/self/exe")));
}

TEST(BundledModels, OneThatIsNotThereIsAnErrorWithItsPlaceAndTheRemedy) {
  const Scratch scratch;
  fs::create_directories(scratch.folder() / "depth");
  EXPECT_EQ(find_bundled_model("depth", scratch.folder()), scratch.folder() / "depth");
  try {
    find_bundled_model("normals", scratch.folder());
    FAIL() << "found";
  } catch (const Error& error) {
    const std::string message = error.what();
    EXPECT_TRUE(message.starts_with((scratch.folder() / "normals").native())) << message;
    EXPECT_NE(message.find("models/bundled"), std::string::npos) << message;
    EXPECT_NE(message.find("-m"), std::string::npos) << message;
  }
}

}  // namespace
}  // namespace onestep
