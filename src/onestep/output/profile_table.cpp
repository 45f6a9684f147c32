#include "onestep/output/profile_table.h"

#include <algorithm>
#include <cstdio>
#include <iterator>
#include <string_view>
#include <vector>

namespace onestep {
namespace {

template <typename... Values>
std::string line(const char* format, const Values&... values) {
  char text[160];
  std::snprintf(text, sizeof(text), format, values...);
  return text;
}

/// "  conv2d 3x3                1.234   12.3 %".
std::string row(const std::string& name, double seconds, double whole) {
  return line("%-22s %9.3f %6.1f %%", name.c_str(), seconds, 100 * seconds / whole);
}

/// What follows on row(): calls, and where there are any, multiply-adds and their rate.
std::string work_of(const OperationSeconds& one) {
  std::string text = line(" %6lld", static_cast<long long>(one.calls));
  if (one.multiply_adds > 0) {
    text += line(" %9.2f %8.0f", 1e-9 * one.multiply_adds, 2e-9 * one.multiply_adds / one.seconds);
  }
  return text;
}

/// The longest first.
std::vector<OperationSeconds> operations_of(const Prediction& prediction, std::string_view stage) {
  std::vector<OperationSeconds> rows;
  std::copy_if(prediction.operations.begin(), prediction.operations.end(), std::back_inserter(rows),
               [&](const OperationSeconds& one) { return one.stage == stage; });
  std::stable_sort(rows.begin(), rows.end(),
                   [](const auto& a, const auto& b) { return a.seconds > b.seconds; });
  return rows;
}

}  // namespace

std::string profile_table(const Prediction& prediction) {
  const double whole = prediction.seconds.whole();
  double other_of_all = whole;
  std::string text =
      line("%-22s %9s %8s %6s %9s %8s\n", "", "seconds", "share", "calls", "GMAC", "GFLOP/s");
  for (const NamedStage& stage : kStages) {
    const double seconds = prediction.seconds.*stage.seconds;
    if (seconds <= 0) continue;
    text += row(std::string(stage.name), seconds, whole) + "\n";
    double other = seconds;
    const auto operations = operations_of(prediction, stage.name);
    for (const OperationSeconds& one : operations) {
      text += row("  " + one.operation, one.seconds, whole) + work_of(one) + "\n";
      other -= one.seconds;
      other_of_all -= one.seconds;
    }
    if (!operations.empty()) text += row("  other", other, whole) + "\n";
  }
  text += row("whole", whole, whole) + "\n";
  text += row("in no operation", other_of_all, whole) + "\n";
  return text;
}

}  // namespace onestep
