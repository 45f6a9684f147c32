#include "reliability/mutations.h"

#include "onestep/base/check.h"

#include "testing/png_checksums.h"

#include <nlohmann/json.hpp>

#include <fstream>
#include <iterator>
#include <limits>
#include <span>
#include <string_view>
#include <utility>

namespace onestep::testing {
namespace {

using Json = nlohmann::ordered_json;
using Pointer = Json::json_pointer;

constexpr std::size_t kLengthBytes = 8;  // before a safetensors header

/// Every place of a JSON value but its top.
void collect(const Json& value, const Pointer& place, std::vector<Pointer>& places) {
  for (const auto& [key, child] : value.items()) {
    const Pointer at = value.is_array() ? place / std::stoul(key) : place / key;
    places.push_back(at);
    if (child.is_structured()) collect(child, at, places);
  }
}

std::vector<Pointer> places_of(const Json& value) {
  std::vector<Pointer> places;
  collect(value, Pointer(), places);
  return places;
}

/// Stands for a number that the JSON library could not hold: a text that as_text() takes out of its
/// quotes.
Json written(const std::string& number) {
  return "number:" + number;
}

std::string as_text(const Json& json) {
  const std::string_view begin = "\"number:";
  std::string text = json.dump();
  for (auto at = text.find(begin); at != std::string::npos; at = text.find(begin, at)) {
    text.erase(text.find('"', at + 1), 1);
    text.erase(at, begin.size());
  }
  return text;
}

Json strange_number(const Json& old, Dice& dice) {
  const std::vector<Json> numbers = {0,
                                     1,
                                     -1,
                                     3,
                                     64,
                                     4096,
                                     65536,
                                     0.5,
                                     -0.0,
                                     1e-300,
                                     1e300,
                                     std::numeric_limits<std::int32_t>::max(),
                                     std::int64_t{1} << 31,
                                     std::int64_t{1} << 62,
                                     std::numeric_limits<std::int64_t>::min(),
                                     std::numeric_limits<std::uint64_t>::max(),
                                     written("18446744073709551616"),
                                     written("1e400"),
                                     written("-1e400")};
  if (!old.is_number_integer() || dice.below(2) == 0) return dice.one_of(numbers);
  const auto value = old.get<std::int64_t>();
  return dice.one_of(std::vector<std::int64_t>{value * 2, value + 1, value - 1, -value,
                                               value + (std::int64_t{1} << 32)});
}

Json strange_value(Dice& dice) {
  const std::vector<Json> values = {
      nullptr,         true,           "",   "\n\x1b[2J", std::string(300, 'x'), Json::array(),
      Json::object(),  {1, 2, 3},      1e99, {"a", "b"},  {{"content", 7}},      "trailing",
      {nullptr, "UN"}, "v_prediction", 7};
  return dice.one_of(values);
}

/// Renames the key at `place`: to something unknown, or to a neighbour's name.
std::string rename_key(Json& json, const Pointer& place, Dice& dice) {
  Json& parent = json[place.parent_pointer()];
  if (!parent.is_object()) return "";
  const std::string old = place.back();
  const std::string name = dice.below(3) == 0 ? parent.items().begin().key() : old + "_";
  const Json value = parent[old];
  parent.erase(old);
  parent[name] = value;
  return "renames " + place.to_string() + " to " + name;
}

std::string change(Json& json, Dice& dice) {
  const auto places = places_of(json);
  if (places.empty()) return "leaves as it is";
  std::vector<Pointer> numbers;
  for (const Pointer& place : places) {
    if (json[place].is_number()) numbers.push_back(place);
  }
  const std::size_t kind = dice.below(3);
  if (kind == 0) {
    const std::string renamed = rename_key(json, dice.one_of(places), dice);
    if (!renamed.empty()) return renamed;
  }
  const bool number = kind <= 1 && !numbers.empty();
  const Pointer place = dice.one_of(number ? numbers : places);
  Json& value = json[place];
  value = number ? strange_number(value, dice) : strange_value(dice);
  return "puts " + as_text(value) + " at " + place.to_string();
}

Content as_content(const std::string& text) {
  return {text.begin(), text.end()};
}

std::uint64_t header_length(const Content& content) {
  std::uint64_t length = 0;
  for (std::size_t i = kLengthBytes; i-- > 0;) length = length << 8 | content[i];
  return length;
}

}  // namespace

Content content_of(const std::filesystem::path& file) {
  std::ifstream stream(file, std::ios::binary);
  check(stream.good(), file.string(), ": cannot be read");
  return {std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
}

void write_content(const std::filesystem::path& file, const Content& content) {
  std::ofstream stream(file, std::ios::binary);
  stream.write(reinterpret_cast<const char*>(content.data()),
               static_cast<std::streamsize>(content.size()));
  check(stream.good(), file.string(), ": cannot be written");
}

Mutation flip_bytes(Content content, Dice& dice) {
  const std::size_t count = 1 + dice.below(8);
  for (std::size_t i = 0; i < count; ++i) {
    content[dice.below(content.size())] ^= static_cast<std::uint8_t>(1 + dice.below(255));
  }
  return {std::move(content), concatenate("flips ", count, " bytes")};
}

Mutation cut(Content content, Dice& dice) {
  content.resize(dice.below(content.size()));
  const auto what = concatenate("cuts to ", content.size(), " bytes");
  return {std::move(content), what};
}

Mutation change_json(const Content& content, Dice& dice) {
  Json json = Json::parse(content.begin(), content.end());
  std::string what = change(json, dice);
  return {as_content(as_text(json)), std::move(what)};
}

Mutation change_number(const Content& content, const std::string& key, Dice& dice) {
  Json json = Json::parse(content.begin(), content.end());
  json[key] = strange_number(json.contains(key) ? json[key] : Json(0), dice);
  return {as_content(as_text(json)), "puts " + as_text(json[key]) + " at " + key};
}

Mutation change_header(const Content& content, Dice& dice) {
  const std::uint64_t length = header_length(content);
  if (dice.below(3) == 0) {
    Content flipped = content;
    const std::size_t place = dice.below(kLengthBytes + length);
    flipped[place] ^= static_cast<std::uint8_t>(1 + dice.below(255));
    return {std::move(flipped), concatenate("flips byte ", place, " of the header")};
  }
  const auto begin = content.begin() + kLengthBytes;
  Json json = Json::parse(begin, begin + static_cast<std::ptrdiff_t>(length));
  std::string what = change(json, dice);
  const std::string header = as_text(json);
  Content result;
  for (std::size_t i = 0; i < kLengthBytes; ++i) {
    result.push_back(static_cast<std::uint8_t>(header.size() >> (8 * i) & 0xFF));
  }
  result.insert(result.end(), header.begin(), header.end());
  result.insert(result.end(), begin + static_cast<std::ptrdiff_t>(length), content.end());
  return {std::move(result), std::move(what)};
}

Mutation change_png(Content content, Dice& dice) {
  constexpr std::size_t kHeaderBegin = 16;
  constexpr std::size_t kHeaderEnd = 29;
  Mutation mutation;
  if (dice.below(2) == 0) {
    const std::size_t place = kHeaderBegin + dice.below(kHeaderEnd - kHeaderBegin);
    content[place] ^= static_cast<std::uint8_t>(1 << dice.below(8));
    mutation = {std::move(content), concatenate("changes byte ", place, " of IHDR")};
  } else {
    mutation = flip_bytes(std::move(content), dice);
  }
  repair_checksums(mutation.content);
  return mutation;
}

Mutation change_jpeg_size(Content content, Dice& dice) {
  for (std::size_t i = 0; i + 9 < content.size(); ++i) {
    const bool frame = content[i] == 0xFF && (content[i + 1] == 0xC0 || content[i + 1] == 0xC2);
    if (!frame) continue;
    for (std::size_t byte = i + 5; byte < i + 9; ++byte) {
      if (dice.below(2) == 0) content[byte] = static_cast<std::uint8_t>(dice.below(256));
    }
    break;
  }
  return {std::move(content), "changes the size of the frame"};
}

}  // namespace onestep::testing
