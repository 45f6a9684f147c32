#pragma once

#include "onestep/io/safetensors.h"
#include "onestep/tensor/array.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace onestep::testing {

/// One case of tests/goldens/cases.json (tests/goldens/README.md explains the fields).
struct GoldenCase {
  std::string id;
  std::string group;
  std::string model;  ///< "models/tiny_e2e_depth", or empty
  nlohmann::json json;

  const nlohmann::json& params() const { return json.at("params"); }
  bool has_input(const std::string& name) const;
  bool has_expected(const std::string& name) const;
  /// The tensor as stored: maps are [N,C,H,W], sequences [N,L,C]. Throws Error for a name that the
  /// case lacks, or that is a plain number or list (read those from `json`).
  Array input(const std::string& name) const;
  Array expected(const std::string& name) const;
  /// The tensors that params.weights points to, without the prefix.
  StateDict weights() const;
};

/// The tensors of a safetensors file, opened once per program.
const StateDict& opened_tensors(const std::string& path);

/// The lines of a list of case ids but empty ones and comments (#).
std::vector<std::string> listed_ids(const std::string& path);

/// tests/goldens in the source tree.
std::string golden_root();

/// Every case of cases.json, in its order, whether it is run or not.
const std::vector<GoldenCase>& all_golden_cases();

/// The ids listed in tests/goldens/not_yet_run.txt, in its order.
const std::vector<std::string>& not_yet_run();

/// The cases of a group that this version runs: all but those listed in
/// tests/goldens/not_yet_run.txt. Throws Error when that leaves none: a loop over them would pass
/// without having tested anything.
std::vector<GoldenCase> golden_cases(const std::string& group);
GoldenCase golden_case(const std::string& id);

/// `got` (any dtype, any shape of as many elements, same order) lies within the tolerance of
/// expected `name`: |got - expected| <= atol + rtol |expected| for all elements, or all but
/// max_outlier_fraction. The message holds the case, the largest excess and where it is.
::testing::AssertionResult matches(const GoldenCase& golden,
                                   const std::string& name,
                                   const Array& got);

/// The largest |a - b|; infinity when the number of elements differs or a NaN appears.
double max_difference(const Array& a, const Array& b);

/// A name that gtest accepts, made of a case id.
std::string test_name(const std::string& id);

}  // namespace onestep::testing
