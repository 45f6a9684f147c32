#include "testing/training_golden.h"

#include "testing/golden.h"

#include <algorithm>
#include <fstream>
#include <limits>

namespace onestep::testing {
namespace {

std::vector<TrainingCase> read_cases() {
  const std::string path = training_golden_root() + "/cases.json";
  std::ifstream file(path);
  check(file.good(), path, ": cannot be read");
  std::vector<TrainingCase> cases;
  const nlohmann::json document = nlohmann::json::parse(file);
  for (const nlohmann::json& group : document.at("groups")) {
    const std::string tensors = group.value("file", std::string());
    for (const nlohmann::json& entry : group.at("cases")) {
      cases.push_back({entry.at("id"), group.at("group"), tensors, entry});
    }
  }
  return cases;
}

}  // namespace

Array TrainingCase::tensor(const std::string& key) const {
  const StateDict& tensors = opened_tensors(training_golden_root() + "/" + file);
  const auto found = tensors.find(key);
  check(found != tensors.end(), id, ": no tensor ", key, " in ", file);
  return found->second;
}

Array TrainingCase::input(const std::string& name) const {
  check(inputs().contains(name), id, ": no input ", name);
  return tensor(inputs().at(name));
}

Array TrainingCase::output(const std::string& name) const {
  check(expected().contains(name), id, ": no expected ", name);
  return tensor(expected().at(name));
}

std::string training_golden_root() {
  return ONESTEP_SOURCE_DIR "/tests/goldens_training";
}

const std::vector<TrainingCase>& all_training_cases() {
  static const std::vector<TrainingCase> cases = read_cases();
  return cases;
}

const std::vector<std::string>& training_not_yet_run() {
  static const std::vector<std::string> ids =
      listed_ids(training_golden_root() + "/not_yet_run.txt");
  return ids;
}

TrainingCase training_case(const std::string& id) {
  for (const TrainingCase& golden : all_training_cases()) {
    if (golden.id == id) return golden;
  }
  fail("no training case ", id);
}

std::vector<TrainingCase> training_cases(const std::string& prefix) {
  const std::vector<std::string>& listed = training_not_yet_run();
  std::vector<TrainingCase> cases;
  for (const TrainingCase& golden : all_training_cases()) {
    const bool waits = std::find(listed.begin(), listed.end(), golden.id) != listed.end();
    if (golden.id.starts_with(prefix) && !waits) cases.push_back(golden);
  }
  check(!cases.empty(), "no training case begins with ", prefix);
  return cases;
}

double number_of(const nlohmann::json& value) {
  if (!value.is_string()) return value.get<double>();
  const std::string word = value;
  if (word == "nan") return std::numeric_limits<double>::quiet_NaN();
  check(word == "inf" || word == "-inf", "expected a number, found ", word);
  const double infinity = std::numeric_limits<double>::infinity();
  return word == "inf" ? infinity : -infinity;
}

}  // namespace onestep::testing
