#include "testing/golden.h"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <fstream>
#include <limits>
#include <set>

namespace onestep::testing {
namespace {

Array stored_tensor(const GoldenCase& golden, const char* side, const std::string& name) {
  const nlohmann::json& tensors = golden.json.at(side);
  check(tensors.contains(name), golden.id, ": no ", side, " ", name);
  const nlohmann::json& entry = tensors.at(name);
  check(entry.is_object() && entry.contains("file"), golden.id, ": ", side, " ", name,
        " is not a tensor");
  const std::string key = entry.at("key");
  const StateDict& file = opened_tensors(golden_root() + "/" + entry.at("file").get<std::string>());
  const auto found = file.find(key);
  check(found != file.end(), golden.id, ": no tensor ", key, " in ",
        entry.at("file").get<std::string>());
  const Array& tensor = found->second;
  const Shape shape = entry.at("shape");
  check(tensor.shape() == shape, golden.id, ": ", key, " is ", to_string(tensor.shape()),
        ", the case says ", to_string(shape));
  return tensor;
}

std::vector<GoldenCase> read_cases() {
  const std::string path = golden_root() + "/cases.json";
  std::ifstream file(path);
  check(file.good(), path, ": cannot be read");
  std::vector<GoldenCase> cases;
  const nlohmann::json document = nlohmann::json::parse(file);
  for (const nlohmann::json& entry : document.at("cases")) {
    cases.push_back(
        {entry.at("id"), entry.at("group"), entry.value("model", std::string()), entry});
  }
  return cases;
}

/// The elements as double: wide enough for every dtype that a golden holds.
std::vector<double> as_doubles(const Array& array) {
  const Array wide = array.to(DType::float64);
  const auto values = wide.view<double>();
  return {values.begin(), values.end()};
}

/// "[0,3,12,7]" of element `index`.
std::string position(std::int64_t index, const Shape& shape) {
  Shape coordinates(shape.size());
  for (std::size_t axis = shape.size(); axis-- > 0;) {
    coordinates[axis] = index % shape[axis];
    index /= shape[axis];
  }
  return to_string(coordinates);
}

/// How far the compared values lie outside their tolerance.
struct Excess {
  std::int64_t outside = 0;  // elements beyond the tolerance
  std::int64_t worst = 0;    // where the difference exceeds it most
  double worst_excess = -1.0;
};

Excess excess_of(const std::vector<double>& got,
                 const std::vector<double>& expected,
                 double atol,
                 double rtol) {
  Excess excess;
  for (std::size_t i = 0; i < got.size(); ++i) {
    const double difference = std::abs(got[i] - expected[i]);
    double beyond = difference - (atol + rtol * std::abs(expected[i]));
    if (std::isnan(beyond)) beyond = std::numeric_limits<double>::infinity();
    if (beyond > 0) ++excess.outside;
    if (beyond > excess.worst_excess) {
      excess.worst_excess = beyond;
      excess.worst = static_cast<std::int64_t>(i);
    }
  }
  return excess;
}

}  // namespace

bool GoldenCase::has_input(const std::string& name) const {
  return json.at("inputs").contains(name);
}

bool GoldenCase::has_expected(const std::string& name) const {
  return json.at("expected").contains(name);
}

Array GoldenCase::input(const std::string& name) const {
  return stored_tensor(*this, "inputs", name);
}

Array GoldenCase::expected(const std::string& name) const {
  return stored_tensor(*this, "expected", name);
}

StateDict GoldenCase::weights() const {
  const nlohmann::json& source = params().at("weights");
  const std::string prefix = source.at("prefix");
  const std::string file = source.at("file");
  StateDict weights;
  for (const auto& [key, tensor] : opened_tensors(golden_root() + "/" + file)) {
    if (key.rfind(prefix, 0) == 0) weights.emplace(key.substr(prefix.size()), tensor);
  }
  check(!weights.empty(), id, ": no tensor starts with ", prefix);
  return weights;
}

const StateDict& opened_tensors(const std::string& path) {
  static std::map<std::string, StateDict> files;
  const auto found = files.find(path);
  if (found != files.end()) return found->second;
  return files.emplace(path, read_safetensors(path)).first->second;
}

std::vector<std::string> listed_ids(const std::string& path) {
  std::ifstream file(path);
  check(file.good(), path, ": cannot be read");
  std::vector<std::string> ids;
  for (std::string line; std::getline(file, line);) {
    if (!line.empty() && line.front() != '#') ids.push_back(line);
  }
  return ids;
}

std::string golden_root() {
  return ONESTEP_SOURCE_DIR "/tests/goldens";
}

const std::vector<GoldenCase>& all_golden_cases() {
  static const std::vector<GoldenCase> cases = read_cases();
  return cases;
}

const std::vector<std::string>& not_yet_run() {
  static const std::vector<std::string> ids = listed_ids(golden_root() + "/not_yet_run.txt");
  return ids;
}

std::vector<GoldenCase> golden_cases(const std::string& group) {
  const std::set<std::string> left_out(not_yet_run().begin(), not_yet_run().end());
  std::vector<GoldenCase> cases;
  for (const GoldenCase& golden : all_golden_cases()) {
    if (golden.group == group && left_out.count(golden.id) == 0) cases.push_back(golden);
  }
  check(!cases.empty(), "golden group ", group, ": no case is run");
  return cases;
}

GoldenCase golden_case(const std::string& id) {
  for (const GoldenCase& golden : all_golden_cases()) {
    if (golden.id == id) return golden;
  }
  fail("no golden case ", id);
}

::testing::AssertionResult matches(const GoldenCase& golden,
                                   const std::string& name,
                                   const Array& got) {
  const Array expected = golden.expected(name);
  if (got.elements() != expected.elements()) {
    return ::testing::AssertionFailure()
           << golden.id << " " << name << ": got shape " << to_string(got.shape()) << ", expected "
           << to_string(expected.shape());
  }
  const nlohmann::json& tolerance = golden.json.at("expected").at(name).at("tolerance");
  const double atol = tolerance.at("atol");
  const double rtol = tolerance.at("rtol");
  const double allowed = tolerance.value("max_outlier_fraction", 0.0);
  const std::vector<double> got_values = as_doubles(got);
  const std::vector<double> expected_values = as_doubles(expected);
  const Excess excess = excess_of(got_values, expected_values, atol, rtol);
  if (static_cast<double>(excess.outside) <= allowed * static_cast<double>(got.elements())) {
    return ::testing::AssertionSuccess();
  }
  const auto worst = static_cast<std::size_t>(excess.worst);
  return ::testing::AssertionFailure()
         << golden.id << " " << name << ": " << excess.outside << " of " << got.elements()
         << " values beyond atol " << atol << " rtol " << rtol << "; worst at "
         << position(excess.worst, expected.shape()) << ": got " << got_values[worst]
         << ", expected " << expected_values[worst] << ", " << excess.worst_excess << " too far";
}

double max_difference(const Array& a, const Array& b) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  if (a.elements() != b.elements()) return kInfinity;
  const std::vector<double> left = as_doubles(a);
  const std::vector<double> right = as_doubles(b);
  double largest = 0.0;
  for (std::size_t i = 0; i < left.size(); ++i) {
    const double difference = std::abs(left[i] - right[i]);
    if (std::isnan(difference)) return kInfinity;
    largest = std::max(largest, difference);
  }
  return largest;
}

std::string test_name(const std::string& id) {
  std::string name = id;
  for (char& letter : name) {
    if (std::isalnum(static_cast<unsigned char>(letter)) == 0) letter = '_';
  }
  return name;
}

}  // namespace onestep::testing
