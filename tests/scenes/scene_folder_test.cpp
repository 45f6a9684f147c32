#include "onestep/data/rendered/scene_folder.h"

#include "onestep/base/error.h"
#include "onestep/data/manifest.h"
#include "onestep/data/rendered/rendered_scenes.h"
#include "onestep/io/file.h"
#include "onestep/scenes/scenes.h"

#include <gtest/gtest.h>

#include <cstring>
#include <filesystem>
#include <string>

namespace onestep {
namespace {

namespace fs = std::filesystem;

constexpr SceneFolder::World kWorld = {.seed = 8, .height = 24, .width = 32};

class SceneFolderTest : public ::testing::Test {
 protected:
  void SetUp() override { fs::remove_all(folder_); }
  void TearDown() override { fs::remove_all(folder_); }

  const fs::path folder_ =
      fs::temp_directory_path() / (std::string("onestep_scene_folder_") +
                                   ::testing::UnitTest::GetInstance()->current_test_info()->name());
};

bool same_bytes(const Array& a, const Array& b) {
  return a.shape() == b.shape() && a.dtype() == b.dtype() &&
         std::memcmp(a.data(), b.data(), static_cast<std::size_t>(a.bytes())) == 0;
}

void expect_same(const Sample& sample, const RenderedScene& scene) {
  EXPECT_TRUE(same_bytes(sample.image, scene.image));
  EXPECT_TRUE(same_bytes(sample.depth_m, scene.depth_m));
  EXPECT_TRUE(same_bytes(sample.normals, scene.normals));
  EXPECT_TRUE(same_bytes(sample.mask, scene.mask));
}

TEST_F(SceneFolderTest, GivesBackWhatWasRendered) {
  const SceneFolder folder(folder_, kWorld);
  for (const std::int64_t index : {0, 1, 2}) {
    const RenderedScene scene =
        rendered_scene({.seed = 8, .index = index, .height = kWorld.height, .width = kWorld.width});
    expect_same(folder.sample(index), scene);                        // rendered now
    expect_same(SceneFolder(folder_, kWorld).sample(index), scene);  // read
  }
}

TEST_F(SceneFolderTest, IsADataSetThatItsManifestOpens) {
  const SceneFolder folder(folder_, kWorld);
  for (const std::int64_t index : {0, 1}) folder.write(index);
  folder.write_lists(2);
  const auto listed = open_manifest(folder_ / "scenes.jsonl", {.truth = Truth::depth}).dataset;
  const auto cached = rendered_scenes(
      {.count = 2, .height = kWorld.height, .width = kWorld.width, .seed = 8, .cache = folder_});
  const auto fresh =
      rendered_scenes({.count = 2, .height = kWorld.height, .width = kWorld.width, .seed = 8});
  ASSERT_EQ(listed->size(), 2);
  for (const std::int64_t index : {0, 1}) {
    const Sample expected = fresh->read(index);
    EXPECT_TRUE(same_bytes(cached->read(index).image, expected.image));
    EXPECT_TRUE(same_bytes(cached->read(index).mask, expected.mask));
    EXPECT_TRUE(same_bytes(listed->read(index).image, expected.image));
    EXPECT_TRUE(same_bytes(listed->read(index).depth_m, expected.depth_m));
    EXPECT_TRUE(same_bytes(listed->read(index).mask, expected.mask));
  }
  EXPECT_EQ(fresh->name(1), "scene 1 (seed 8)");
}

TEST_F(SceneFolderTest, RefusesAnotherWorld) {
  SceneFolder(folder_, kWorld).write(0);
  try {
    const SceneFolder other(folder_, {.seed = 9, .height = 24, .width = 32});
    FAIL() << "opened";
  } catch (const Error& error) {
    const std::string message = error.what();
    EXPECT_NE(message.find(R"("seed":8,"width":32,"height":24}, not of {"version":)"),
              std::string::npos)
        << message;
  }
}

TEST_F(SceneFolderTest, RendersAgainWhatAnInterruptionLeftIncomplete) {
  const SceneFolder folder(folder_, kWorld);
  folder.write(0);
  fs::remove(folder_ / "camera" / "0000000.json");  // written last
  write_file_atomically(folder_ / "depth" / "0000000.npy", std::string_view("half"));
  const RenderedScene scene =
      rendered_scene({.seed = 8, .index = 0, .height = kWorld.height, .width = kWorld.width});
  expect_same(folder.sample(0), scene);
}

}  // namespace
}  // namespace onestep
