#include "onestep/models/empty_prompt.h"

#include "onestep/base/check.h"
#include "onestep/io/file.h"
#include "onestep/io/safetensors_header.h"
#include "onestep/models/config/config_reader.h"

#include <string>

namespace onestep {
namespace {

namespace fs = std::filesystem;

ConfigReader read_json(const fs::path& path) {
  constexpr std::int64_t kLimit = std::int64_t{8} << 20;  // CLIP's have 1 to 4; a tree takes more
  return ConfigReader(read_text(path, kLimit), path.string());
}

ConfigReader read_vocabulary(const fs::path& folder) {
  if (file_exists(folder / "vocab.json")) return read_json(folder / "vocab.json");
  check(file_exists(folder / "tokenizer.json"), folder.string(),
        ": vocab.json is missing; is the download complete?");
  return read_json(folder / "tokenizer.json").child("model").child("vocab");
}

/// The text of a special token, which files hold as a text or as an object with "content".
std::string token_text(const ConfigReader& reader,
                       const std::string& key,
                       const std::string& fallback) {
  if (reader.is_object(key)) return reader.child(key).text("content", fallback);
  return reader.is_null(key) ? fallback : reader.text(key, fallback);
}

std::int64_t token_id(const ConfigReader& vocabulary, const std::string& token) {
  check(vocabulary.has(token), vocabulary.where(), ": the token ", in_quotes(token), " is missing");
  return vocabulary.integer(token, 0, {0, std::int64_t{1} << 31});
}

}  // namespace

std::vector<std::int64_t> empty_prompt_ids(const fs::path& folder,
                                           std::optional<int> padded_length) {
  const bool has_map = file_exists(folder / "special_tokens_map.json");
  const auto vocabulary = read_vocabulary(folder);
  const auto special = has_map ? read_json(folder / "special_tokens_map.json")
                       : file_exists(folder / "tokenizer_config.json")
                           ? read_json(folder / "tokenizer_config.json")
                           : ConfigReader("{}", (folder / "special_tokens_map.json").string());
  const auto begin = token_text(special, "bos_token", "<|startoftext|>");
  const auto end = token_text(special, "eos_token", "<|endoftext|>");
  std::vector<std::int64_t> ids = {token_id(vocabulary, begin), token_id(vocabulary, end)};
  if (padded_length) {
    check(*padded_length >= 2, "empty prompt: cannot be padded to ", *padded_length, " tokens");
    ids.resize(static_cast<std::size_t>(*padded_length),
               token_id(vocabulary, token_text(special, "pad_token", end)));
  }
  return ids;
}

}  // namespace onestep
