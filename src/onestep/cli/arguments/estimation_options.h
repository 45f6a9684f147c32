#pragma once

#include "onestep/cli/arguments/predict_request.h"

#include <CLI/CLI.hpp>

#include <string>

namespace onestep {

/// Declares the options that say how to estimate, under this heading of the help.
void declare_estimation(CLI::App& app, PredictRequest& request, const std::string& group);

/// Throws UsageError for options that do not go together.
void check_estimation(const PredictOptions& options);

}  // namespace onestep
