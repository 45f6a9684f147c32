#include "onestep/train/run/validation_sheet.h"

#include "onestep/base/check.h"
#include "onestep/io/png.h"
#include "onestep/viz/contact_sheet.h"

#include <cstdio>
#include <system_error>

namespace onestep {

std::string validation_sheet_name(std::int64_t step) {
  char name[32];
  std::snprintf(name, sizeof name, "step-%08lld.png", static_cast<long long>(step));
  return name;
}

std::map<std::string, double> write_validation(Objective& objective,
                                               const std::vector<Batch>& samples,
                                               const std::filesystem::path& sheet) {
  std::map<std::string, double> sums;
  std::map<std::string, double> counts;  // a sample without valid pixels has no metrics
  std::vector<std::vector<Array>> rows;
  for (const Batch& sample : samples) {
    Validation validation = objective.validate(sample);
    for (const auto& [name, value] : validation.metrics) {
      sums[name] += value;
      counts[name] += 1;
    }
    rows.push_back(std::move(validation.pictures));
  }
  for (auto& [name, value] : sums) value /= counts[name];
  const std::filesystem::path folder = sheet.parent_path();
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  check(!error, folder.string(), ": cannot be made: ", error.message());
  write_png(sheet, contact_sheet(rows));
  return sums;
}

}  // namespace onestep
