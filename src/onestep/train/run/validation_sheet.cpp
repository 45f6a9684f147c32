#include "onestep/train/run/validation_sheet.h"

#include "onestep/io/file.h"
#include "onestep/io/png.h"
#include "onestep/viz/contact_sheet.h"

namespace onestep {

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
  make_folder(sheet.parent_path());
  write_png(sheet, contact_sheet(rows));
  return sums;
}

}  // namespace onestep
