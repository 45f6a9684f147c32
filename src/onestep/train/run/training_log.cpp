#include "onestep/train/run/training_log.h"

#include "onestep/base/check.h"
#include "onestep/io/file.h"

#include <nlohmann/json.hpp>

#include <cerrno>
#include <cmath>
#include <cstring>
#include <fstream>
#include <sstream>
#include <utility>

namespace onestep {
namespace {

using Json = nlohmann::ordered_json;

bool belongs(const std::string& line, std::int64_t last_step) {
  const Json json = Json::parse(line, nullptr, /*allow_exceptions=*/false);
  return json.is_object() && json.contains("step") && json["step"].is_number_integer() &&
         json["step"].get<std::int64_t>() <= last_step;
}

/// JSON has no NaN.
Json number(double value) {
  return std::isfinite(value) ? Json(value) : Json(nullptr);
}

}  // namespace

TrainingLog::TrainingLog(std::filesystem::path path, std::int64_t last_step)
    : path_(std::move(path)) {
  std::string kept;
  if (last_step > 0 && file_exists(path_)) {
    std::istringstream lines(read_text(path_, std::int64_t{1} << 32));
    for (std::string line; std::getline(lines, line);) {
      if (belongs(line, last_step)) kept += line + "\n";
    }
  }
  write_file_atomically(path_, kept);
}

void TrainingLog::append_line(const std::string& line) {
  std::ofstream file(path_, std::ios::app);
  file << line << std::endl;
  check(file.good(), path_.string(), ": cannot be written: ", std::strerror(errno));
}

void TrainingLog::append(const LogEntry& entry) {
  Json json = {{"step", entry.step},
               {"loss", number(entry.report.loss)},
               {"grad_norm", number(entry.report.gradient_norm)},
               {"lr", entry.report.lr},
               {"seconds", entry.seconds},
               {"samples", entry.samples}};
  if (entry.report.valid_pixels == 0) json["valid_pixels"] = 0;
  if (entry.report.nan_losses > 0) json["nan_losses"] = entry.report.nan_losses;
  append_line(json.dump());
}

void TrainingLog::append(std::int64_t step, const std::map<std::string, double>& metrics) {
  Json json = {{"step", step}};
  for (const auto& [name, value] : metrics) json[name] = number(value);
  append_line(json.dump());
}

}  // namespace onestep
