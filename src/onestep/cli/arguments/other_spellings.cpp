#include "onestep/cli/arguments/other_spellings.h"

#include "onestep/cli/terminal/messages.h"

#include <algorithm>
#include <array>
#include <cstddef>

namespace onestep {
namespace {

constexpr char kResampleMethod[] = "--resample_method";

/// "--steps=4" for ("--denoise_steps=4", steps).
std::string renamed(const std::string& word, const OtherSpelling& spelling) {
  const std::string value = word.substr(spelling.theirs.size());
  if (spelling.theirs == kResampleMethod && value == "=nearest") return "--resample=nearest-exact";
  return spelling.ours + value;
}

void refuse(const std::string& name) {
  for (const RefusedSpelling& refused : refused_spellings()) {
    if (refused.theirs == name) throw UsageError(concatenate(name, ": ", refused.why));
  }
}

}  // namespace

std::span<const OtherSpelling> other_spellings() {
  static const std::array<OtherSpelling, 18> all = {{
      {"--checkpoint", "--model"},
      {"--pretrained_model_path", "--model"},
      {"--input_rgb_dir", "--input"},
      {"--input_dir", "--input"},
      {"--output_dir", "--output"},
      {"--denoise_steps", "--steps"},
      {"--timestep_spacing", "--spacing"},
      {"--ensemble_size", "--ensemble"},
      {"--n_infer", "--ensemble"},
      {"--batch_size", "--batch"},
      {"--processing_res", "--processing-res"},
      {"--resize_to_max_res", "--processing-res"},
      {"--output_processing_res", "--no-match-input"},
      {kResampleMethod, "--resample"},
      {"--color_map", "--color-map"},
      {"--half_precision", "--fp16"},
      {"--apple_silicon", ""},
      {"--show_progress_bar", ""},
  }};
  return all;
}

std::span<const RefusedSpelling> refused_spellings() {
  static const std::string geowizard =
      "GeoWizard checkpoints are not supported; use a Marigold or E2E-FT one, without this option";
  static const std::string data_sets =
      "evaluation data sets are not part of predict; give the folder of the photographs as an "
      "input";
  static const std::array<RefusedSpelling, 4> all = {{
      {"--domain", geowizard},
      {"--model_type",
       "a checkpoint says itself what it is, and GeoWizard checkpoints are not supported; leave "
       "this option out"},
      {"--dataset_config", data_sets},
      {"--base_data_dir", data_sets},
  }};
  return all;
}

TranslatedArguments in_our_spelling(const Arguments& arguments) {
  TranslatedArguments result;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const std::string& word = arguments[i];
    if (word == "--") {
      result.words.insert(result.words.end(), arguments.begin() + static_cast<std::ptrdiff_t>(i),
                          arguments.end());
      break;
    }
    const std::string name = word.substr(0, word.find('='));
    refuse(name);
    const auto all = other_spellings();
    const auto spelling =
        std::find_if(all.begin(), all.end(), [&](const auto& s) { return s.theirs == name; });
    if (word == "nearest" && i > 0 && arguments[i - 1] == kResampleMethod) {
      result.words.emplace_back("nearest-exact");
    } else if (spelling == all.end()) {
      result.words.push_back(word);
      result.typed.erase(name);  // the last one counts
    } else if (!spelling->ours.empty()) {
      result.words.push_back(renamed(word, *spelling));
      result.typed[spelling->ours] = spelling->theirs;
    }
  }
  return result;
}

}  // namespace onestep
