#pragma once

#include "onestep/output/write_prediction.h"

#include "testing/golden.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>
#include <set>
#include <string>

namespace onestep::testing {

/// One prediction of a golden model, with its estimator, and a folder to write to.
class OutputFolder : public ::testing::Test {
 protected:
  OutputFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "onestep_output_XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr) std::abort();
    folder_ = name;
  }
  ~OutputFolder() override {
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }

  static Estimator load(const std::string& model, std::optional<Modality> modality = {}) {
    LoadOptions options;
    options.cpu.threads = 1;
    options.modality = modality;
    return Estimator::load(golden_root() + "/models/" + model, options);
  }

  static Prediction predict(Estimator& estimator) {
    PredictOptions options;
    options.keep_intermediates = true;
    options.seed = 12;
    return estimator.predict(golden_case("e2e.tiny_e2e_depth.gaussian").input("image_0"), options);
  }

  OutputOptions everything() const {
    OutputOptions options;
    options.folder = folder_ / "results" / "today";
    options.intermediates = true;
    return options;
  }

  std::set<std::string> names(const std::filesystem::path& folder) const {
    std::set<std::string> found;
    if (!std::filesystem::exists(folder)) return found;
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
      found.insert(entry.path().filename().string());
    }
    return found;
  }

  static nlohmann::json read_json(const std::filesystem::path& path) {
    return nlohmann::json::parse(std::ifstream(path));
  }

  std::filesystem::path folder_;
};

}  // namespace onestep::testing
