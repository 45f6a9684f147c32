#include "onestep/io/numpy/npy.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <sys/inotify.h>
#include <unistd.h>

#include <fstream>

#include "cli/command_line_fixture.h"

namespace onestep::testing {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using Names = std::vector<std::string>;
using Models = CommandLine;

const std::string kCommit = "0123456789abcdef0123456789abcdef01234567";

std::string bytes_of(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

TEST_F(Models, ADepthAndANormalsModelWriteBoth) {
  photograph("a.png");
  photograph("b.png");
  const ProcessResult both =
      run({"predict", "a.png", "b.png", "-m", model(), "-m", model("tiny_e2e_normals")});
  EXPECT_EQ(both.exit_status, 0) << both.err;
  EXPECT_EQ(lines_of(both.out), (Names{"out/a_depth.npy", "out/a_normals.npy", "out/b_depth.npy",
                                       "out/b_normals.npy"}));
  EXPECT_EQ(
      files_in("out"),
      (Names{"a_depth.json", "a_depth.npy", "a_depth.png", "a_depth_color.png", "a_normals.json",
             "a_normals.npy", "a_normals.png", "b_depth.json", "b_depth.npy", "b_depth.png",
             "b_depth_color.png", "b_normals.json", "b_normals.npy", "b_normals.png"}));
}

TEST_F(Models, BothTogetherGiveTheNumbersOfEachAlone) {
  photograph("a.png");
  const Names common = {"predict", "a.png", "--formats", "npy", "--threads", "2"};
  const auto predict = [&](const Names& models, const std::string& output) {
    Names words = common;
    for (const std::string& name : models) words.insert(words.end(), {"-m", model(name)});
    words.insert(words.end(), {"-o", output});
    EXPECT_EQ(run(words).exit_status, 0);
  };
  predict({"tiny_e2e_normals", "tiny_e2e_depth"}, "both");
  predict({"tiny_e2e_depth"}, "depth");
  predict({"tiny_e2e_normals"}, "normals");
  EXPECT_EQ(bytes_of(folder() / "both/a_depth.npy"), bytes_of(folder() / "depth/a_depth.npy"));
  EXPECT_EQ(bytes_of(folder() / "both/a_normals.npy"),
            bytes_of(folder() / "normals/a_normals.npy"));
}

/// Counts how often a file is opened, by whomever, from now on.
class Opens {
 public:
  explicit Opens(const fs::path& file) : queue_(inotify_init1(IN_NONBLOCK | IN_CLOEXEC)) {
    if (queue_ != -1) watched_ = inotify_add_watch(queue_, file.c_str(), IN_OPEN | IN_CLOSE) != -1;
  }
  ~Opens() {
    if (queue_ != -1) close(queue_);
  }
  Opens(const Opens&) = delete;
  Opens& operator=(const Opens&) = delete;

  bool watched() const { return watched_; }
  /// Closing keeps two events of one kind from becoming one, and is not counted.
  int count() const {
    inotify_event event = {};
    int opens = 0;
    while (read(queue_, &event, sizeof event) == sizeof event) {
      opens += (event.mask & IN_OPEN) != 0 ? 1 : 0;
    }
    return opens;
  }

 private:
  int queue_;
  bool watched_ = false;
};

TEST_F(Models, OfTwoEachPhotographIsOpenedOnce) {
  const Opens opens(folder() / photograph("a.png"));
  if (!opens.watched()) GTEST_SKIP() << "no inotify here";
  const ProcessResult result =
      run({"predict", "a.png", "-m", model(), "-m", model("tiny_e2e_normals"), "--formats", "npy"});
  EXPECT_EQ(result.exit_status, 0) << result.err;
  EXPECT_EQ(lines_of(result.out).size(), 2u);
  EXPECT_EQ(opens.count(), 1);
}

TEST_F(Models, JsonPrintsAnObjectForEachPrediction) {
  const ProcessResult result =
      run({"predict", photograph("a.png"), "-m", model(), "-m", model("tiny_e2e_normals"), "--json",
           "--save-intermediates", "--formats", "json"});
  EXPECT_EQ(result.exit_status, 0) << result.err;
  const Names lines = lines_of(result.out);
  ASSERT_EQ(lines.size(), 2u);
  EXPECT_EQ(json::parse(lines[0]).at("prediction").at("modality"), "depth");
  EXPECT_EQ(json::parse(lines[1]).at("prediction").at("modality"), "normals");
  EXPECT_EQ(files_in("out"), (Names{"a_depth.json", "a_depth_intermediates.safetensors",
                                    "a_normals.json", "a_normals_intermediates.safetensors"}));
}

TEST_F(Models, TwoOfOneKindAreAUsageErrorBeforeAnyWork) {
  photograph("a.png");
  for (const Names& words :
       {Names{"-m", model(), "-m", model("tiny_marigold_depth")},
        Names{"-m", model(), "-m", model("tiny_e2e_normals"), "--modality", "depth"}}) {
    Names arguments = {"predict", "a.png"};
    arguments.insert(arguments.end(), words.begin(), words.end());
    const ProcessResult result = run(arguments);
    EXPECT_EQ(result.exit_status, 2);
    EXPECT_TRUE(says_one_line(result, {"-m", "tiny_e2e_depth", words[3], "depth"}));
    EXPECT_FALSE(exists("out"));
  }
}

TEST_F(Models, SkipExistingRunsOnlyTheModelThatIsMissing) {
  photograph("a.png");
  const Names words = {"predict",   "a.png", "-m",
                       model(),     "-m",    model("tiny_e2e_normals"),
                       "--formats", "npy",   "--skip-existing"};
  ASSERT_EQ(run(words).exit_status, 0);
  fs::remove(folder() / "out/a_normals.npy");
  EXPECT_EQ(run(words).out, "out/a_normals.npy\n");
}

/// A Hugging Face cache that holds the tiny depth pipeline as org/tiny-depth.
class HubCache : public CommandLine {
 protected:
  HubCache() {
    const fs::path repository = folder() / "hf/hub/models--org--tiny-depth";
    fs::create_directories(repository / "snapshots");
    fs::create_directories(repository / "refs");
    std::ofstream(repository / "refs/main") << kCommit;
    fs::create_symlink(model(), repository / "snapshots" / kCommit);
  }
  ProcessOptions options() const {
    ProcessOptions options;
    options.environment = {{"HF_HOME", (folder() / "hf").native()},
                           {"HF_HUB_CACHE", ""},
                           {"HUGGINGFACE_HUB_CACHE", ""}};
    return options;
  }
};

TEST_F(HubCache, ARepositoryIsAModelOfPredictAndInspect) {
  const ProcessResult result =
      run({"predict", photograph("a.png"), "-m", "org/tiny-depth", "--json"}, options());
  EXPECT_EQ(result.exit_status, 0) << result.err;
  EXPECT_NE(json::parse(result.out).at("model").dump().find(kCommit), std::string::npos);
  EXPECT_EQ(run({"inspect", "org/tiny-depth"}, options()).exit_status, 0);
}

TEST_F(HubCache, AFolderOfThisNameWins) {
  fs::create_directory(folder() / "org");
  copy_golden_model("tiny_e2e_normals", folder() / "org", "tiny-depth");
  const ProcessResult result =
      run({"predict", photograph("a.png"), "-m", "org/tiny-depth", "--formats", "npy"}, options());
  EXPECT_EQ(result.out, "out/a_normals.npy\n");
}

TEST_F(HubCache, ThatMayNotBeSearchedIsNotSaidToBeEmpty) {
  photograph("a.png");
  const fs::path hub = folder() / "hf/hub";
  fs::permissions(hub, fs::perms::none);
  ProcessOptions obeying = options();
  obeying.obey_permissions = true;
  const ProcessResult result = run({"predict", "a.png", "-m", "org/tiny-depth"}, obeying);
  fs::permissions(hub, fs::perms::owner_all);
  EXPECT_EQ(result.exit_status, 1);
  EXPECT_TRUE(says_one_line(result, {"models--org--tiny-depth", "Permission denied"}));
  EXPECT_EQ(result.err.find("download"), std::string::npos) << result.err;
}

TEST_F(HubCache, ARepositoryThatIsNotThereIsOneLine) {
  photograph("a.png");
  for (const Names& words :
       {Names{"predict", "a.png", "-m", "org/other"}, Names{"inspect", "org/other"}}) {
    const ProcessResult result = run(words, options());
    EXPECT_EQ(result.exit_status, 1);
    EXPECT_TRUE(
        says_one_line(result, {"org/other", "hf/hub/models--org--other", "hf download org/other"}));
  }
}

}  // namespace
}  // namespace onestep::testing
