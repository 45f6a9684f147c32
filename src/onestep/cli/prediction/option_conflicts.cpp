#include "onestep/cli/prediction/option_conflicts.h"

#include "onestep/cli/terminal/messages.h"

#include <array>
#include <string>
#include <string_view>

namespace onestep {
namespace {

/// Why the options cannot be obeyed; empty when they can.
std::string refusal(const CheckpointFacts& checkpoint, const PredictOptions& options) {
  try {
    resolve_options(checkpoint, options);
    return "";
  } catch (const Error& error) {
    return error.what();
  }
}

/// An option that a checkpoint may refuse.
struct Suspect {
  const char* name;
  bool (*given)(const PredictOptions&);
  void (*leave_out)(PredictOptions&);
};

const std::array<Suspect, 8>& suspects() {
  static const std::array<Suspect, 8> all = {{
      {"--pipeline", [](const auto& o) { return o.pipeline.has_value(); },
       [](auto& o) { o.pipeline.reset(); }},
      {"--steps", [](const auto& o) { return o.steps.has_value(); },
       [](auto& o) { o.steps.reset(); }},
      {"--spacing", [](const auto& o) { return o.spacing.has_value(); },
       [](auto& o) { o.spacing.reset(); }},
      {"--prediction-type", [](const auto& o) { return o.prediction_type.has_value(); },
       [](auto& o) { o.prediction_type.reset(); }},
      {"--noise", [](const auto& o) { return o.noise.has_value(); },
       [](auto& o) { o.noise.reset(); }},
      {"--ensemble", [](const auto& o) { return o.ensemble_size > 1; },
       [](auto& o) { o.ensemble_size = 1; }},
      {"--reduction", [](const auto& o) { return o.reduction.has_value(); },
       [](auto& o) { o.reduction.reset(); }},
      {"--uncertainty", [](const auto& o) { return o.uncertainty; },
       [](auto& o) { o.uncertainty = false; }},
  }};
  return all;
}

/// The options without each of which alone all would be well, with commas between them.
std::string to_leave_out(const CheckpointFacts& checkpoint, const PredictOptions& options) {
  std::string names;
  for (const Suspect& suspect : suspects()) {
    if (!suspect.given(options)) continue;
    PredictOptions without = options;
    suspect.leave_out(without);
    if (!refusal(checkpoint, without).empty()) continue;
    if (!names.empty()) names += ", ";
    names += suspect.name;
  }
  return names;
}

/// The options that the reason itself names and that can change it, with commas between them.
std::string named_in(const std::string& why,
                     const CheckpointFacts& checkpoint,
                     const PredictOptions& options) {
  std::string names;
  for (const Suspect& suspect : suspects()) {
    const std::string word = suspect.name + std::string_view("--").size();
    if (!suspect.given(options) || why.find(word) == std::string::npos) continue;
    PredictOptions without = options;
    suspect.leave_out(without);
    if (refusal(checkpoint, without) == why) continue;
    if (!names.empty()) names += ", ";
    names += suspect.name;
  }
  return names;
}

/// The options to blame, or the one that is missing.
std::string culprits(const std::string& why,
                     const CheckpointFacts& checkpoint,
                     const PredictOptions& options) {
  std::string names = to_leave_out(checkpoint, options);
  if (!names.empty()) return names;
  names = named_in(why, checkpoint, options);  // several things are wrong: the first one
  if (!names.empty()) return names;
  PredictOptions changed = options;
  changed.uncertainty = false;  // nothing without an ensemble
  names = to_leave_out(checkpoint, changed);
  if (!names.empty()) return names;
  changed = options;
  changed.steps = 1;
  return refusal(checkpoint, changed).empty() ? "--steps" : "these options together";
}

}  // namespace

void refuse_contradictions(const CheckpointFacts& checkpoint,
                           const PredictOptions& options,
                           const std::string& model) {
  const std::string why = refusal(checkpoint, options);
  if (why.empty()) return;
  PredictOptions plain;
  plain.steps = 1;
  if (const std::string own = refusal(checkpoint, plain); !own.empty()) throw Error(own);
  const std::string names = culprits(why, checkpoint, options);
  const bool names_model = why.starts_with(checkpoint.folder.root().string());
  throw UsageError(concatenate(names, ": ", names_model ? "" : model + ": ", why));
}

}  // namespace onestep
