#include "onestep/hub/find_model.h"

#include "onestep/base/check.h"

#include <gtest/gtest.h>

#include <fstream>

#include "io/scratch.h"

namespace onestep {
namespace {

namespace fs = std::filesystem;

const std::string kCommit = "0123456789abcdef0123456789abcdef01234567";
const std::string kOther = "89abcdef0123456789abcdef0123456789abcdef";

void write(const fs::path& path, const std::string& text) {
  fs::create_directories(path.parent_path());
  std::ofstream(path, std::ios::binary) << text;
}

class FindModel : public ::testing::Test {
 protected:
  FindModel() {
    fs::create_directories(repository() / "snapshots" / kCommit);
    write(repository() / "refs/main", kCommit);
  }

  fs::path cache() const { return scratch_.folder() / "hub"; }
  fs::path repository() const { return cache() / "models--org--name"; }
  fs::path find(const std::string& model) const { return find_model(model, cache()); }

  std::string message_of(const std::string& model) const {
    try {
      find(model);
    } catch (const Error& error) {
      return error.what();
    }
    return "found";
  }

  Scratch scratch_;
};

TEST_F(FindModel, TakesTheSnapshotOfTheMainBranch) {
  EXPECT_EQ(find("org/name"), repository() / "snapshots" / kCommit);
}

TEST_F(FindModel, IgnoresALineBreakBehindTheCommit) {
  write(repository() / "refs/main", kCommit + "\n");
  EXPECT_EQ(find("org/name"), repository() / "snapshots" / kCommit);
}

TEST_F(FindModel, TakesBranchesTagsAndCommits) {
  fs::create_directories(repository() / "snapshots" / kOther);
  write(repository() / "refs/v1.1", kOther);
  write(repository() / "refs/refs/pr/3", kOther);
  for (const std::string& revision : {std::string("v1.1"), std::string("refs/pr/3"), kOther}) {
    EXPECT_EQ(find("org/name@" + revision), repository() / "snapshots" / kOther) << revision;
  }
}

TEST_F(FindModel, PrefersAPathThatExists) {
  const std::string path = (scratch_.folder() / "hub").native();
  EXPECT_EQ(find(path), path);
}

TEST_F(FindModel, LeavesWhatCannotBeARepositoryToTheReaderOfFolders) {
  for (const std::string path : {"model", "./model", "../model", "a/b/c", "/model", "a/", "/", "",
                                 "org/name@../../../x", "org/.git", "org/na me", "-org/name"}) {
    EXPECT_FALSE(repository_name(path).has_value()) << path;
    EXPECT_EQ(find(path), path);
  }
}

TEST_F(FindModel, SaysWhereItLookedAndHowToDownload) {
  const std::string message = message_of("org/other");
  for (const std::string& part :
       {std::string("org/other: "), cache().native(), std::string("models--org--other"),
        std::string("hf download org/other")}) {
    EXPECT_NE(message.find(part), std::string::npos) << part << " in " << message;
  }
}

TEST_F(FindModel, NamesWhatIsMissingOfARepository) {
  EXPECT_NE(message_of("org/name@v2").find("refs/v2"), std::string::npos);
  EXPECT_NE(message_of("org/name@v2").find("--revision v2"), std::string::npos);
  EXPECT_NE(message_of("org/name@" + kOther).find("snapshots/" + kOther), std::string::npos);
  fs::remove_all(repository() / "snapshots");
  EXPECT_NE(message_of("org/name").find("snapshots/" + kCommit), std::string::npos);
}

TEST_F(FindModel, RefusesARefThatIsNoCommit) {
  write(repository() / "refs/main", "../../../elsewhere");
  EXPECT_NE(message_of("org/name").find("expected a commit"), std::string::npos);
}

TEST_F(FindModel, LeavesTheCacheAsItIs) {
  const auto entries = [&] {
    std::vector<fs::path> paths;
    for (const auto& entry : fs::recursive_directory_iterator(cache())) paths.push_back(entry);
    return paths;
  };
  const auto before = entries();
  find("org/name");
  message_of("org/name@v2");
  EXPECT_EQ(entries(), before);
}

}  // namespace
}  // namespace onestep
