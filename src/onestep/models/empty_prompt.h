#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <vector>

namespace onestep {

/// Token ids of the empty prompt with the vocabulary of a CLIP tokenizer's folder: [BOS, EOS], or
/// filled up with the pad token to `padded_length`. Reads vocab.json and special_tokens_map.json,
/// or tokenizer.json and tokenizer_config.json where those are missing. Throws Error for a missing
/// file or token.
std::vector<std::int64_t> empty_prompt_ids(const std::filesystem::path& tokenizer_folder,
                                           std::optional<int> padded_length);

}  // namespace onestep
