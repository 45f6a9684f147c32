#include "onestep/output/profile_table.h"

#include <algorithm>
#include <cstdio>
#include <vector>

namespace onestep {
namespace {

struct Stage {
  const char* name;
  double seconds;
};

std::vector<Stage> stages_of(const StageSeconds& s) {
  return {{"prepare", s.prepare}, {"encode", s.encode},     {"denoise", s.denoise},
          {"decode", s.decode},   {"ensemble", s.ensemble}, {"finish", s.finish}};
}

template <typename... Values>
std::string line(const char* format, const Values&... values) {
  char text[160];
  std::snprintf(text, sizeof(text), format, values...);
  return text;
}

/// "  conv2d 3x3        1.234   12.3 %    40    275.7    446".
std::string row(const std::string& name, double seconds, double whole) {
  return line("%-22s %9.3f %6.1f %%", name.c_str(), seconds, 100 * seconds / whole);
}

}  // namespace

std::string profile_table(const Prediction& prediction) {
  double whole = 0;
  for (const Stage& stage : stages_of(prediction.seconds)) whole += stage.seconds;
  double other_of_all = whole;
  std::string text =
      line("%-22s %9s %8s %6s %9s %8s\n", "", "seconds", "share", "calls", "GMAC", "GFLOP/s");
  for (const Stage& stage : stages_of(prediction.seconds)) {
    if (stage.seconds <= 0) continue;
    text += row(stage.name, stage.seconds, whole) + "\n";
    std::vector<OperationSeconds> rows;
    std::copy_if(prediction.operations.begin(), prediction.operations.end(),
                 std::back_inserter(rows),
                 [&](const OperationSeconds& one) { return one.stage == stage.name; });
    std::stable_sort(rows.begin(), rows.end(),
                     [](const auto& a, const auto& b) { return a.seconds > b.seconds; });
    double other = stage.seconds;
    for (const OperationSeconds& one : rows) {
      text += row("  " + one.operation, one.seconds, whole);
      text += line(" %6lld", static_cast<long long>(one.calls));
      if (one.multiply_adds > 0) {
        text +=
            line(" %9.2f %8.0f", 1e-9 * one.multiply_adds, 2e-9 * one.multiply_adds / one.seconds);
      }
      text += "\n";
      other -= one.seconds;
      other_of_all -= one.seconds;
    }
    if (!rows.empty()) text += row("  other", other, whole) + "\n";
  }
  text += row("whole", whole, whole) + "\n";
  text += row("in no operation", other_of_all, whole) + "\n";
  return text;
}

}  // namespace onestep
