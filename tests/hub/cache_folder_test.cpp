#include "onestep/hub/cache_folder.h"

#include <gtest/gtest.h>

#include <map>

namespace onestep {
namespace {

/// The cache's folder where these variables are set and no others.
std::string folder_with(const std::map<std::string, std::string>& variables) {
  return hub_cache_folder([&](const std::string& name) -> std::optional<std::string> {
           const auto found = variables.find(name);
           if (found == variables.end()) return std::nullopt;
           return found->second;
         })
      .native();
}

TEST(HubCacheFolder, IsInTheHomeFolderUnlessSaidOtherwise) {
  EXPECT_EQ(folder_with({{"HOME", "/home/ada"}}), "/home/ada/.cache/huggingface/hub");
}

TEST(HubCacheFolder, FollowsTheVariablesInTheLibrariesOrder) {
  std::map<std::string, std::string> variables = {{"HOME", "/home/ada"}};
  variables["XDG_CACHE_HOME"] = "/cache";
  EXPECT_EQ(folder_with(variables), "/cache/huggingface/hub");
  variables["HF_HOME"] = "/models";
  EXPECT_EQ(folder_with(variables), "/models/hub");
  variables["HUGGINGFACE_HUB_CACHE"] = "/older";
  EXPECT_EQ(folder_with(variables), "/older");
  variables["HF_HUB_CACHE"] = "/newer";
  EXPECT_EQ(folder_with(variables), "/newer");
}

TEST(HubCacheFolder, TakesAnEmptyVariableForNotSet) {
  EXPECT_EQ(folder_with({{"HOME", "/home/ada"}, {"HF_HOME", ""}, {"HF_HUB_CACHE", ""}}),
            "/home/ada/.cache/huggingface/hub");
}

TEST(HubCacheFolder, ExpandsTildeAndVariables) {
  const std::map<std::string, std::string> common = {{"HOME", "/home/ada"}, {"DISK", "/mnt/big"}};
  const auto expanded = [&](const std::string& text) {
    auto variables = common;
    variables["HF_HUB_CACHE"] = text;
    return folder_with(variables);
  };
  EXPECT_EQ(expanded("~/hub"), "/home/ada/hub");
  EXPECT_EQ(expanded("~"), "/home/ada");
  EXPECT_EQ(expanded("$DISK/hub"), "/mnt/big/hub");
  EXPECT_EQ(expanded("${DISK}/hub"), "/mnt/big/hub");
  EXPECT_EQ(expanded("${DISK}s$DISK"), "/mnt/bigs/mnt/big");
  EXPECT_EQ(expanded("/a$NOTHING/${DISK"), "/a$NOTHING/${DISK");
  EXPECT_EQ(expanded("/price$"), "/price$");
  EXPECT_EQ(expanded("~bob/hub"), "~bob/hub");
}

}  // namespace
}  // namespace onestep
