#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "cli/command_line_fixture.h"

namespace onestep::testing {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

std::string text_of(const fs::path& path) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

class Scenes : public CommandLine {
 protected:
  std::string out(const std::string& name) const { return (folder() / name).string(); }
  ProcessResult scenes(const std::vector<std::string>& more) const {
    std::vector<std::string> words = {"scenes", "-o", out("scenes")};
    words.insert(words.end(), more.begin(), more.end());
    return run(words);
  }
};

TEST_F(Scenes, AreWrittenWithManifestCamerasAndSheet) {
  const ProcessResult result = scenes({"--count", "3", "--size", "48x32", "--seed", "5"});
  EXPECT_EQ(result.exit_status, 0) << result.err;
  EXPECT_EQ(result.out, "");
  EXPECT_NE(result.err.find("onestep: 3 scenes in "), std::string::npos) << result.err;
  const fs::path folder = out("scenes");
  std::istringstream manifest(text_of(folder / "scenes.jsonl"));
  std::istringstream cameras(text_of(folder / "cameras.jsonl"));
  int lines = 0;
  for (std::string line, camera; std::getline(manifest, line) && std::getline(cameras, camera);
       ++lines) {
    const json row = json::parse(line);
    for (const char* column : {"image", "depth", "normals"}) {
      EXPECT_TRUE(fs::exists(folder / row.at(column).get<std::string>())) << line;
    }
    const json facts = json::parse(camera);
    EXPECT_EQ(facts.at("image"), row.at("image"));
    EXPECT_EQ(facts.at("centre_x_px"), 24.0);
    EXPECT_EQ(facts.at("centre_y_px"), 16.0);
    EXPECT_GT(facts.at("focal_px"), 0.0);
  }
  EXPECT_EQ(lines, 3);
  EXPECT_EQ(json::parse(text_of(folder / "scenes.json")),
            json::parse(R"({"version": 2, "seed": 5, "width": 48, "height": 32})"));
  EXPECT_TRUE(fs::exists(folder / "sheet.png"));
}

TEST_F(Scenes, AreTheSameBytesForAnyNumberOfThreadsAndGoOn) {
  EXPECT_EQ(scenes({"--count", "4", "--size", "32x24", "--threads", "3", "-q"}).err, "");
  const std::string first = text_of(fs::path(out("scenes")) / "image" / "0000003.png");
  EXPECT_EQ(
      run({"scenes", "-o", out("alone"), "--count", "6", "--size", "32x24", "--threads", "1", "-q"})
          .exit_status,
      0);
  // A larger count adds to the folder.
  EXPECT_EQ(scenes({"--count", "6", "--size", "32x24", "-q"}).exit_status, 0);
  for (const auto& entry : fs::recursive_directory_iterator(out("alone"))) {
    if (!entry.is_regular_file()) continue;
    const fs::path other = out("scenes") / fs::relative(entry.path(), out("alone"));
    EXPECT_EQ(text_of(entry.path()), text_of(other)) << other;
  }
  EXPECT_EQ(text_of(fs::path(out("scenes")) / "image" / "0000003.png"), first);
}

TEST_F(Scenes, OfAnotherWorldAreRefusedInTheSameFolder) {
  EXPECT_EQ(scenes({"--count", "1", "--size", "32x24", "-q"}).exit_status, 0);
  const ProcessResult other = scenes({"--count", "1", "--size", "24x32"});
  EXPECT_EQ(other.exit_status, 1);
  EXPECT_NE(other.err.find("the folder holds scenes of"), std::string::npos) << other.err;
  EXPECT_NE(other.err.find("give another folder"), std::string::npos) << other.err;
}

TEST_F(Scenes, SayInOneLineWhatWasTypedWrongly) {
  const auto refused = [&](const std::vector<std::string>& words, const std::string& part) {
    const ProcessResult result = run(words);
    EXPECT_EQ(result.exit_status, 2) << result.err;
    EXPECT_NE(result.err.find(part), std::string::npos) << result.err;
    EXPECT_EQ(std::count(result.err.begin(), result.err.end(), '\n'), 1) << result.err;
  };
  refused({"scenes"}, "say where to write");
  refused({"scenes", "-o", out("x"), "photo.jpg"}, "expected options alone, found");
  refused({"scenes", "-o", out("x"), "--count", "0"}, "--count");
  refused({"scenes", "-o", out("x"), "--size", "wide"}, "--size");
  refused({"scenes", "-o", out("x"), "--cuont", "3"}, "--count");
  EXPECT_FALSE(fs::exists(out("x")));
}

TEST_F(Scenes, ThatAreInterruptedGoOn) {
  Process process({ONESTEP_PROGRAM, "scenes", "-o", out("scenes"), "--count", "100000", "--size",
                   "32x24", "--threads", "1"});
  const fs::path third = fs::path(out("scenes")) / "camera" / "0000002.json";
  EXPECT_TRUE(process.wait_until([&](const ProcessResult&) { return fs::exists(third); }));
  process.send(SIGINT);
  const ProcessResult result = process.finish();
  EXPECT_EQ(result.signal, SIGINT);
  EXPECT_NE(result.err.find("interrupted; the same command goes on"), std::string::npos)
      << result.err;
  EXPECT_FALSE(fs::exists(fs::path(out("scenes")) / "scenes.jsonl"));
  EXPECT_EQ(scenes({"--count", "3", "--size", "32x24"}).exit_status, 0);
  EXPECT_TRUE(fs::exists(fs::path(out("scenes")) / "scenes.jsonl"));
}

}  // namespace
}  // namespace onestep::testing
