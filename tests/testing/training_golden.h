#pragma once

#include "onestep/io/safetensors.h"
#include "onestep/tensor/array.h"

#include <nlohmann/json.hpp>

#include <string>
#include <vector>

namespace onestep::testing {

/// One case of tests/goldens_training/cases.json (README.md there explains the fields).
struct TrainingCase {
  std::string id;
  std::string group;
  std::string file;  ///< of its tensors, empty when it has none
  nlohmann::json json;

  const nlohmann::json& parameters() const { return json.at("parameters"); }
  const nlohmann::json& inputs() const { return json.at("inputs"); }
  const nlohmann::json& expected() const { return json.at("expected"); }
  const nlohmann::json& tolerance() const { return json.at("tolerance"); }
  /// The tensor that inputs or expected name so; maps are [B,C,H,W] unless the case says otherwise.
  /// Throws Error when there is none.
  Array input(const std::string& name) const;
  Array output(const std::string& name) const;
  /// By its key in the group's file.
  Array tensor(const std::string& key) const;
};

/// tests/goldens_training in the source tree.
std::string training_golden_root();

/// Every case, in its order, whether it is run or not.
const std::vector<TrainingCase>& all_training_cases();

/// The ids listed in tests/goldens_training/not_yet_run.txt.
const std::vector<std::string>& training_not_yet_run();

TrainingCase training_case(const std::string& id);

/// The cases whose id begins with `prefix` but those not yet run. Throws Error when there are none:
/// a loop over them would pass without having tested anything.
std::vector<TrainingCase> training_cases(const std::string& prefix);

/// A number, or one of the words "nan", "inf", "-inf".
double number_of(const nlohmann::json& value);

}  // namespace onestep::testing
