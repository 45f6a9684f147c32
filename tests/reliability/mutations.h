#pragma once

#include <cstdint>
#include <filesystem>
#include <random>
#include <string>
#include <vector>

namespace onestep::testing {

/// A file's content.
using Content = std::vector<std::uint8_t>;

Content content_of(const std::filesystem::path& file);
void write_content(const std::filesystem::path& file, const Content& content);

/// Random numbers that are the same everywhere.
class Dice {
 public:
  explicit Dice(std::uint64_t seed) : engine_(seed) {}
  /// 0 .. count - 1.
  std::size_t below(std::size_t count) { return static_cast<std::size_t>(engine_() % count); }
  template <typename T>
  const T& one_of(const std::vector<T>& values) {
    return values[below(values.size())];
  }

 private:
  std::mt19937_64 engine_;
};

/// A damaged file, and what was done to it in words.
struct Mutation {
  Content content;
  std::string what;
};

/// Bytes flipped, a file cut.
Mutation flip_bytes(Content content, Dice& dice);
Mutation cut(Content content, Dice& dice);

/// A JSON file: a key renamed, a number or any other value replaced.
Mutation change_json(const Content& content, Dice& dice);

/// JSON: the number at a key of its top replaced, or put there.
Mutation change_number(const Content& content, const std::string& key, Dice& dice);

/// A safetensors file: the same in its header, or a byte of the header flipped.
Mutation change_header(const Content& content, Dice& dice);

/// A PNG: bytes flipped with the checksums made right again, so that they reach the decoder.
Mutation change_png(Content content, Dice& dice);

/// A JPEG: the size in its frame header replaced.
Mutation change_jpeg_size(Content content, Dice& dice);

}  // namespace onestep::testing
