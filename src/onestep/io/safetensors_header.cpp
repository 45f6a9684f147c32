#include "onestep/io/safetensors_header.h"

#include "onestep/base/check.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <cstring>
#include <limits>
#include <optional>
#include <set>
#include <utility>

namespace onestep {
namespace {

constexpr std::uint64_t kMaxHeaderBytes = 100'000'000;  // the reference's limit
constexpr std::size_t kMaxRank = 16;
constexpr std::size_t kMaxNames = 100'000;  // tensors and metadata; checkpoints have some thousand
constexpr std::string_view kMetadata = "__metadata__";

constexpr std::array<std::pair<std::string_view, DType>, 13> kDTypes = {{
    {"F64", DType::float64},
    {"F32", DType::float32},
    {"F16", DType::float16},
    {"BF16", DType::bfloat16},
    {"I64", DType::int64},
    {"I32", DType::int32},
    {"I16", DType::int16},
    {"I8", DType::int8},
    {"U64", DType::uint64},
    {"U32", DType::uint32},
    {"U16", DType::uint16},
    {"U8", DType::uint8},
    {"BOOL", DType::boolean},
}};

constexpr std::array<std::string_view, 9> kKnownButUnsupported = {
    "F8_E5M2", "F8_E4M3", "F8_E8M0", "F8_E4M3FNUZ", "F8_E5M2FNUZ",
    "F4",      "F6_E2M3", "F6_E3M2", "C64"};

/// What a header says about one tensor, not yet checked.
struct RawEntry {
  std::string name;
  std::optional<std::string> dtype;
  std::optional<std::vector<std::uint64_t>> shape;
  std::optional<std::vector<std::uint64_t>> offsets;
};

// Note [Reading JSON as events]
// Headers come from strangers. The parser calls these handlers without recursion and without
// building a tree, so nesting and size cost nothing, and every deviation (duplicates included,
// which a tree would merge) is seen where it happens. A handler that returns false stops the
// parser; `problem` then says why.
class Events : public nlohmann::json::json_sax_t {
 public:
  std::string problem = "is not valid JSON";

  bool null() override { return refuse("null"); }
  bool boolean(bool /*value*/) override { return refuse("a boolean"); }
  bool number_integer(number_integer_t /*value*/) override { return refuse("a negative number"); }
  bool number_unsigned(number_unsigned_t /*value*/) override { return refuse("a number"); }
  bool number_float(number_float_t /*value*/, const string_t& /*text*/) override {
    return refuse("a number that is no 64-bit integer");
  }
  bool string(string_t& /*value*/) override { return refuse("a text"); }
  bool binary(binary_t& /*value*/) override { return refuse("binary data"); }
  bool start_array(std::size_t /*elements*/) override { return refuse("a list"); }
  bool end_array() override { return true; }
  bool parse_error(std::size_t position,
                   const std::string& /*token*/,
                   const nlohmann::json::exception& /*error*/) override {
    return stop(concatenate("is not valid JSON at byte ", position));
  }

 protected:
  bool stop(std::string why) {
    problem = std::move(why);
    return false;
  }
  virtual std::string place() const = 0;
  bool refuse(std::string_view found) {
    return stop(concatenate("has ", found, " ", place(), ", where the format allows none"));
  }
};

/// {"__metadata__": {text: text}, tensor: {"dtype": text, "shape": [..], "data_offsets": [..]}}
class HeaderEvents : public Events {
 public:
  std::vector<RawEntry> entries;

  bool start_object(std::size_t /*elements*/) override {
    if (depth_ >= 2) return refuse("an object");
    ++depth_;
    if (depth_ == 2) fields_.clear();
    return true;
  }
  bool end_object() override {
    --depth_;
    if (depth_ != 1 || in_metadata_) return true;
    const RawEntry& entry = entries.back();
    incomplete_ += entry.dtype && entry.shape && entry.offsets ? 0 : 1;
    // A file of empty entries would need many times its size.
    return incomplete_ <= kMaxIncomplete || stop("is incomplete: tensor " + in_quotes(entry.name) +
                                                 " lacks one of dtype, shape and data_offsets");
  }
  bool key(string_t& key) override {
    if (depth_ == 1) {
      if (!names_.insert(key).second) return stop("names " + in_quotes(key) + " twice");
      if (names_.size() > kMaxNames) return stop(concatenate("has over ", kMaxNames, " tensors"));
      in_metadata_ = key == kMetadata;
      if (!in_metadata_) entries.push_back({.name = key, .dtype = {}, .shape = {}, .offsets = {}});
      field_.clear();
      return true;
    }
    field_ = key;
    if (!fields_.insert(key).second) return stop("has " + in_quotes(key) + " twice " + place());
    if (fields_.size() > kMaxNames) return stop(concatenate("has over ", kMaxNames, " metadata"));
    const bool known = field_ == "dtype" || field_ == "shape" || field_ == "data_offsets";
    return in_metadata_ || known || stop("has an unknown field " + in_quotes(key) + " " + place());
  }
  bool string(string_t& value) override {
    if (depth_ == 2 && in_metadata_) return true;
    if (depth_ != 2 || field_ != "dtype") return refuse("a text");
    entries.back().dtype = value;
    return true;
  }
  bool start_array(std::size_t /*elements*/) override {
    if (depth_ != 2 || in_metadata_ || list_ != nullptr) return refuse("a list");
    if (field_ != "shape" && field_ != "data_offsets") return refuse("a list");
    auto& list = field_ == "shape" ? entries.back().shape : entries.back().offsets;
    list_ = &list.emplace();
    return true;
  }
  bool end_array() override {
    list_ = nullptr;
    return true;
  }
  bool number_unsigned(number_unsigned_t value) override {
    if (list_ == nullptr) return refuse("a number");
    if (list_->size() >= kMaxRank)
      return stop(concatenate("has a list of over ", kMaxRank, " numbers ", place()));
    list_->push_back(value);
    return true;
  }

 protected:
  std::string place() const override {
    if (depth_ == 0 || names_.empty()) return "at its top";
    if (in_metadata_) return "in __metadata__";
    return "in tensor " + in_quotes(entries.back().name);
  }

 private:
  static constexpr int kMaxIncomplete = 1000;  // which are named when the whole is known to be JSON

  int depth_ = 0;
  int incomplete_ = 0;
  bool in_metadata_ = false;
  std::string field_;
  std::set<std::string> names_;
  std::set<std::string> fields_;
  std::vector<std::uint64_t>* list_ = nullptr;
};

/// {"metadata": anything, "weight_map": {tensor: shard}, anything else: anything}
class IndexEvents : public Events {
 public:
  std::map<std::string, std::string> weight_map;
  bool has_weight_map = false;

  bool null() override { return scalar("null"); }
  bool boolean(bool /*value*/) override { return scalar("a boolean"); }
  bool number_integer(number_integer_t /*value*/) override { return scalar("a number"); }
  bool number_unsigned(number_unsigned_t /*value*/) override { return scalar("a number"); }
  bool number_float(number_float_t /*value*/, const string_t& /*text*/) override {
    return scalar("a number");
  }
  bool string(string_t& value) override {
    if (!in_weight_map_ || depth_ != 2) return scalar("a text");
    weight_map[tensor_] = value;
    return true;
  }
  bool start_object(std::size_t /*elements*/) override {
    if (in_weight_map_ && depth_ >= 2) return refuse("an object");
    return enter();
  }
  bool start_array(std::size_t /*elements*/) override {
    if (depth_ == 0 || in_weight_map_) return refuse("a list");
    return enter();
  }
  bool end_object() override {
    --depth_;
    return true;
  }
  bool end_array() override {
    --depth_;
    return true;
  }
  bool key(string_t& key) override {
    if (depth_ == 1) {
      in_weight_map_ = key == "weight_map";
      if (in_weight_map_ && has_weight_map) return stop("has weight_map twice");
      has_weight_map = has_weight_map || in_weight_map_;
    } else if (in_weight_map_) {
      if (weight_map.contains(key)) return stop("lists tensor " + in_quotes(key) + " twice");
      if (weight_map.size() >= kMaxNames)
        return stop(concatenate("has over ", kMaxNames, " tensors"));
      tensor_ = key;
    }
    return true;
  }

 protected:
  std::string place() const override { return in_weight_map_ ? "in weight_map" : "at its top"; }

 private:
  bool scalar(std::string_view found) { return (depth_ > 0 && !in_weight_map_) || refuse(found); }
  bool enter() {
    constexpr int kMaxDepth = 16;
    return ++depth_ <= kMaxDepth || stop(concatenate("is nested deeper than ", kMaxDepth));
  }

  int depth_ = 0;
  bool in_weight_map_ = false;
  std::string tensor_;
};

/// Runs `events` over `json`; throws Error, `what` being what the text is called in messages.
void parse_json(std::string_view json, const std::string& what, Events& events) {
  check(!json.empty() && json.front() == '{', what, " is not a JSON object");
  check(json.find('\0') == std::string_view::npos, what, " is not valid JSON (it has zero bytes)");
  check(nlohmann::json::sax_parse(json.begin(), json.end(), &events), what, " ", events.problem);
}

bool starts_with(std::span<const std::byte> file, std::string_view text) {
  return file.size() >= text.size() && std::memcmp(file.data(), text.data(), text.size()) == 0;
}

/// Names what people have in place of weights.
void refuse_other_files(std::span<const std::byte> file, const std::string& name) {
  check(!starts_with(file, "version https://git-lfs"), name,
        ": is a git-lfs pointer, not the weights; run `git lfs pull` in its folder");
  check(!starts_with(file, "<!DOCTYPE") && !starts_with(file, "<!doctype") &&
            !starts_with(file, "<html"),
        name, ": is a web page, not a safetensors file; download the file itself");
  check(!starts_with(file, std::string_view("PK\x03\x04", 4)) && !starts_with(file, "\x80\x02"),
        name, ": is a pickled or zipped file, not a safetensors file; convert it to safetensors");
}

std::string_view header_text(std::span<const std::byte> file, const std::string& name) {
  refuse_other_files(file, name);
  check(file.size() >= 8, name, ": a safetensors file has at least 8 bytes, this one has ",
        file.size(), "; is the download complete?");
  std::uint64_t length = 0;
  for (int i = 7; i >= 0; --i) {
    length = length << 8 | std::to_integer<std::uint64_t>(file[static_cast<std::size_t>(i)]);
  }
  check(length <= kMaxHeaderBytes, name, ": header length ", length, " is over ", kMaxHeaderBytes,
        "; this is not a safetensors file");
  check(length <= file.size() - 8, name, ": header says ", length + 8, " bytes, file has ",
        file.size(), "; is the download complete?");
  return {reinterpret_cast<const char*>(file.data()) + 8, static_cast<std::size_t>(length)};
}

DType parse_dtype(const std::string& text, const std::string& where) {
  const auto* known = std::find_if(kDTypes.begin(), kDTypes.end(),
                                   [&](const auto& entry) { return entry.first == text; });
  if (known != kDTypes.end()) return known->second;
  const bool unsupported = std::find(kKnownButUnsupported.begin(), kKnownButUnsupported.end(),
                                     text) != kKnownButUnsupported.end();
  check(!unsupported, where, ": dtype ", text,
        " is not supported; convert the file to F16, BF16 or F32");
  fail(where, ": unknown dtype ", in_quotes(text));
}

/// Bytes of a tensor; throws Error when they do not fit 63 bits.
std::uint64_t byte_count(const std::vector<std::uint64_t>& shape,
                         DType dtype,
                         const std::string& where) {
  auto bytes = static_cast<std::uint64_t>(size_of(dtype));
  constexpr auto kLimit = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()) / 2;
  for (const std::uint64_t size : shape) {
    check(size <= kLimit && (size == 0 || bytes <= kLimit / size), where,
          ": the shape has too many elements");
    bytes *= size;
  }
  return bytes;
}

/// A tensor whose byte range is consistent with its shape and still counts from the buffer.
TensorEntry checked_entry(const RawEntry& raw, const std::string& file) {
  const std::string where = concatenate(file, ": tensor ", in_quotes(raw.name));
  check(raw.dtype && raw.shape && raw.offsets, where,
        " lacks one of dtype, shape and data_offsets");
  check(raw.offsets->size() == 2, where, ": data_offsets has ", raw.offsets->size(),
        " numbers, expected 2");
  const DType dtype = parse_dtype(*raw.dtype, where);
  const std::uint64_t bytes = byte_count(*raw.shape, dtype, where);
  const std::uint64_t begin = raw.offsets->front();
  const std::uint64_t end = raw.offsets->back();
  constexpr std::uint64_t kLimit = std::uint64_t{1} << 62;
  check(begin <= end && end <= kLimit, where, ": data_offsets [", begin, ",", end,
        "] are not a range");
  const Shape shape(raw.shape->begin(), raw.shape->end());
  check(end - begin == bytes, where, ": shape ", to_string(shape), " of ", *raw.dtype, " needs ",
        bytes, " bytes, data_offsets give ", end - begin);
  return {.name = raw.name,
          .dtype = dtype,
          .shape = shape,
          .begin = static_cast<std::int64_t>(begin),
          .end = static_cast<std::int64_t>(end)};
}

/// Each tensor begins where the one before it ends. Returns the bytes of all.
std::int64_t check_tiling(const std::vector<TensorEntry>& entries, const std::string& file) {
  std::int64_t end = 0;
  const TensorEntry* previous = nullptr;
  for (const TensorEntry& entry : entries) {
    const auto after = previous == nullptr ? std::string("the start of the buffer")
                                           : "tensor " + in_quotes(previous->name);
    check(entry.begin >= end, file, ": tensor ", in_quotes(entry.name), " at byte ", entry.begin,
          " overlaps ", after, ", which ends at ", end);
    check(entry.begin == end, file, ": ", entry.begin - end, " bytes between ", after,
          " and tensor ", in_quotes(entry.name), " belong to no tensor");
    end = entry.end;
    previous = &entry;
  }
  return end;
}

}  // namespace

std::string in_quotes(std::string_view name) {
  constexpr std::size_t kLongest = 120;
  std::string text = "\"";
  for (const char c : name.substr(0, kLongest)) {
    text += static_cast<unsigned char>(c) < 0x20 || c == 0x7F ? '?' : c;
  }
  return text + (name.size() > kLongest ? "...\"" : "\"");
}

std::string_view safetensors_name(DType dtype) {
  for (const auto& [name, known] : kDTypes) {
    if (known == dtype) return name;
  }
  fail("dtype ", to_string(dtype), " has no name in safetensors");
}

std::vector<TensorEntry> parse_safetensors(std::span<const std::byte> file,
                                           const std::string& name) {
  const std::string_view header = header_text(file, name);
  HeaderEvents events;
  parse_json(header, name + ": the header", events);
  std::vector<TensorEntry> entries;
  entries.reserve(events.entries.size());
  for (const RawEntry& raw : events.entries) entries.push_back(checked_entry(raw, name));
  std::sort(entries.begin(), entries.end(), [](const TensorEntry& a, const TensorEntry& b) {
    return std::pair(a.begin, a.end) < std::pair(b.begin, b.end);
  });
  const auto start = static_cast<std::int64_t>(header.size() + 8);
  const std::int64_t expected = start + check_tiling(entries, name);
  const auto found = static_cast<std::int64_t>(file.size());
  check(found >= expected, name, ": header says ", expected, " bytes, file has ", found,
        "; is the download complete?");
  check(found == expected, name, ": header says ", expected, " bytes, file has ", found, ": ",
        found - expected, " bytes at the end belong to no tensor");
  for (TensorEntry& entry : entries) {
    entry.begin += start;
    entry.end += start;
  }
  return entries;
}

std::map<std::string, std::string> parse_shard_index(std::string_view json,
                                                     const std::string& name) {
  IndexEvents events;
  parse_json(json, name + ": the index", events);
  check(!events.weight_map.empty(), name, ": the index has no weight_map that lists tensors");
  for (const auto& [tensor, shard] : events.weight_map) {
    const bool plain = !shard.empty() && shard != "." && shard != ".." &&
                       shard.find_first_of(std::string_view("/\\\0", 3)) == std::string::npos;
    check(plain, name, ": shard ", in_quotes(shard), " of tensor ", in_quotes(tensor),
          " is not a plain file name");
  }
  return std::move(events.weight_map);
}

}  // namespace onestep
