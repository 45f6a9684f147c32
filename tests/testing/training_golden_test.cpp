#include "testing/training_golden.h"

#include "onestep/base/check.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>
#include <string>

namespace onestep::testing {
namespace {

/// What test sources ask for as training_case("ID") and training_cases("PREFIX"): every text
/// between `before` and the next quotation mark.
std::set<std::string> asked_for(const std::string& sources, const std::string& before) {
  std::set<std::string> found;
  for (std::size_t at = 0; (at = sources.find(before, at)) != std::string::npos;) {
    at += before.size();
    found.insert(sources.substr(at, sources.find('"', at) - at));
  }
  return found;
}

/// All test sources but this one, in one string.
std::string test_sources() {
  std::string text;
  const std::filesystem::path root = ONESTEP_SOURCE_DIR "/tests";
  for (const auto& entry : std::filesystem::recursive_directory_iterator(root)) {
    const bool is_this = entry.path().filename() == "training_golden_test.cpp";
    if (entry.path().extension() != ".cpp" || is_this) continue;
    std::ifstream file(entry.path());
    std::ostringstream content;
    content << file.rdbuf();
    text += content.str();
  }
  return text;
}

TEST(TrainingCases, AreEachAskedForByATestOrListedAsNotYetRun) {
  const std::string sources = test_sources();
  const std::set<std::string> ids = asked_for(sources, "training_case(\"");
  const std::set<std::string> prefixes = asked_for(sources, "training_cases(\"");
  const std::set<std::string> listed(training_not_yet_run().begin(), training_not_yet_run().end());
  for (const TrainingCase& golden : all_training_cases()) {
    // By training_case("ID"), by training_cases("PREFIX") or in a list of ids.
    bool asked =
        ids.contains(golden.id) || sources.find("\"" + golden.id + "\"") != std::string::npos;
    for (const std::string& prefix : prefixes) asked = asked || golden.id.starts_with(prefix);
    EXPECT_TRUE(asked || listed.contains(golden.id))
        << golden.id << ": no test asks for it and not_yet_run.txt does not list it";
    EXPECT_FALSE(ids.contains(golden.id) && listed.contains(golden.id)) << golden.id;
  }
}

TEST(TrainingNotYetRun, ListsKnownCasesOnce) {
  std::set<std::string> known;
  for (const TrainingCase& golden : all_training_cases()) known.insert(golden.id);
  std::set<std::string> listed;
  for (const std::string& id : training_not_yet_run()) {
    EXPECT_TRUE(known.contains(id)) << "unknown case " << id;
    EXPECT_TRUE(listed.insert(id).second) << id << " is listed twice";
  }
}

TEST(TrainingCases, ThatAreNotThereAreAnError) {
  EXPECT_THROW(training_case("no.such.case"), Error);
  EXPECT_THROW(training_cases("no such prefix"), Error);
}

}  // namespace
}  // namespace onestep::testing
