#include "onestep/cli/arguments/other_spellings.h"

#include <algorithm>
#include <array>

namespace onestep {
namespace {

constexpr char kResampleMethod[] = "--resample_method";

/// "--steps=4" for ("--denoise_steps=4", steps).
std::string renamed(const std::string& word, const OtherSpelling& spelling) {
  const std::string value = word.substr(spelling.theirs.size());
  if (spelling.theirs == kResampleMethod && value == "=nearest") return "--resample=nearest-exact";
  return spelling.ours + value;
}

}  // namespace

std::span<const OtherSpelling> other_spellings() {
  static const std::array<OtherSpelling, 13> all = {{
      {"--checkpoint", "--model"},
      {"--input_rgb_dir", "--input"},
      {"--output_dir", "--output"},
      {"--denoise_steps", "--steps"},
      {"--timestep_spacing", "--spacing"},
      {"--ensemble_size", "--ensemble"},
      {"--batch_size", "--batch"},
      {"--processing_res", "--processing-res"},
      {"--output_processing_res", "--no-match-input"},
      {kResampleMethod, "--resample"},
      {"--color_map", "--color-map"},
      {"--half_precision", "--fp16"},
      {"--apple_silicon", ""},
  }};
  return all;
}

Arguments in_our_spelling(const Arguments& arguments) {
  Arguments result;
  bool options_are_over = false;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const std::string& word = arguments[i];
    options_are_over = options_are_over || word == "--";
    const std::string name = word.substr(0, word.find('='));
    const auto all = other_spellings();
    const auto spelling =
        std::find_if(all.begin(), all.end(), [&](const auto& s) { return s.theirs == name; });
    if (options_are_over) {
      result.push_back(word);
    } else if (word == "nearest" && i > 0 && arguments[i - 1] == kResampleMethod) {
      result.emplace_back("nearest-exact");
    } else if (spelling == all.end()) {
      result.push_back(word);
    } else if (!spelling->ours.empty()) {
      result.push_back(renamed(word, *spelling));
    }
  }
  return result;
}

}  // namespace onestep
