#include "onestep/models/config/config_reader.h"

#include "onestep/base/check.h"
#include "onestep/base/text/one_line.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <utility>

namespace onestep {
namespace {

using Json = nlohmann::json;

/// Deeper than any configuration; a bound because values are printed and freed recursively.
constexpr int kMaxDepth = 32;

constexpr std::size_t kLongestText = 256;

/// Brackets that are open at once, as far as `text` is JSON. The parser could count them by a
/// callback, but with one it walks again and again through what it has read.
int depth_of(std::string_view text) {
  int depth = 0;
  int deepest = 0;
  bool quoted = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (quoted) {
      i += c == '\\' ? 1 : 0;
      quoted = c != '"';
    } else if (c == '"') {
      quoted = true;
    } else if (c == '[' || c == '{') {
      deepest = std::max(deepest, ++depth);
    } else if (c == ']' || c == '}') {
      --depth;
    }
  }
  return deepest;
}

Json parse_object(const std::string& text, const std::string& where) {
  check(depth_of(text) <= kMaxDepth, where, ": JSON is nested deeper than ", kMaxDepth, " levels");
  Json value;
  try {
    value = Json::parse(text);
  } catch (const Json::parse_error& error) {
    fail(where, ": not valid JSON (near byte ", error.byte, " of ", text.size(),
         "); is the download complete?");
  } catch (const Json::exception&) {  // the one left is of numbers such as 1e400
    fail(where, ": has a number that is too large for a 64-bit float");
  }
  check(value.is_object(), where, ": expected a JSON object, found ", value.type_name());
  return value;
}

/// A value as it stands in the file, short enough for one line.
std::string shown(const Json& value) {
  constexpr std::size_t kLongest = 60;
  auto text = value.dump(-1, ' ', /*ensure_ascii=*/true, Json::error_handler_t::replace);
  if (text.size() > kLongest) text = text.substr(0, kLongest) + "...";
  return text;
}

bool within(const Json& value, IntegerRange range) {
  if (!value.is_number_integer()) return false;
  if (value.is_number_unsigned()) {
    const auto number = value.get<std::uint64_t>();
    return number <= static_cast<std::uint64_t>(range.highest) &&
           static_cast<std::int64_t>(number) >= range.lowest;
  }
  const auto number = value.get<std::int64_t>();
  return number >= range.lowest && number <= range.highest;
}

constexpr std::string_view kShortRule = "expected texts of at most 256 bytes";

bool is_short(const Json& value) {
  return !value.is_string() || value.get_ref<const std::string&>().size() <= kLongestText;
}

std::string wanted(IntegerRange range) {
  return concatenate("expected an integer from ", range.lowest, " to ", range.highest);
}

}  // namespace

struct ConfigReader::Value {
  Json json;
};

ConfigReader::ConfigReader(const std::string& json, std::string where) : where_(std::move(where)) {
  value_ = std::make_unique<Value>(Value{parse_object(json, where_)});
  const auto defaults = value_->json.find("_use_default_values");
  if (defaults == value_->json.end() || !defaults->is_array()) return;
  const Json listed = *defaults;
  for (const auto& key : listed) {
    if (key.is_string()) value_->json.erase(key.get<std::string>());
  }
}

ConfigReader::ConfigReader(std::unique_ptr<Value> value, std::string where)
    : value_(std::move(value)), where_(std::move(where)) {}

ConfigReader::ConfigReader(ConfigReader&&) noexcept = default;
ConfigReader::~ConfigReader() = default;

std::vector<std::string> ConfigReader::keys() const {
  std::vector<std::string> result;
  for (const auto& [key, value] : value_->json.items()) result.push_back(key);
  return result;
}

bool ConfigReader::has(const std::string& key) const {
  return value_->json.contains(key);
}

bool ConfigReader::is_null(const std::string& key) const {
  return has(key) && value_->json[key].is_null();
}

bool ConfigReader::is_object(const std::string& key) const {
  return has(key) && value_->json[key].is_object();
}

bool ConfigReader::is_list(const std::string& key) const {
  return has(key) && value_->json[key].is_array();
}

void ConfigReader::refuse(const std::string& key, std::string_view rule) const {
  constexpr std::size_t kLongestKey = 60;
  fail(where_, ": \"", one_line(key, kLongestKey), "\" is ",
       has(key) ? shown(value_->json[key]) : "missing", "; ", rule);
}

std::int64_t ConfigReader::integer(const std::string& key,
                                   std::int64_t fallback,
                                   IntegerRange range) const {
  if (!has(key)) return fallback;
  const auto& value = value_->json[key];
  if (!within(value, range)) refuse(key, wanted(range));
  return value.get<std::int64_t>();
}

double ConfigReader::number(const std::string& key,
                            double fallback,
                            double lowest,
                            double highest) const {
  if (!has(key)) return fallback;
  const auto& value = value_->json[key];
  const double number = value.is_number() ? value.get<double>() : std::nan("");
  if (!(number >= lowest && number <= highest)) {
    refuse(key, concatenate("expected a number from ", lowest, " to ", highest));
  }
  return number;
}

bool ConfigReader::boolean(const std::string& key, bool fallback) const {
  if (!has(key)) return fallback;
  const auto& value = value_->json[key];
  if (!value.is_boolean()) refuse(key, "expected true or false");
  return value.get<bool>();
}

std::string ConfigReader::text(const std::string& key, const std::string& fallback) const {
  if (!has(key)) return fallback;
  const auto& value = value_->json[key];
  if (!value.is_string()) refuse(key, "expected a text");
  if (!is_short(value)) refuse(key, kShortRule);
  return value.get<std::string>();
}

std::optional<int> ConfigReader::optional_integer(const std::string& key,
                                                  IntegerRange range) const {
  if (!has(key) || is_null(key)) return std::nullopt;
  return static_cast<int>(integer(key, 0, range));
}

std::optional<std::string> ConfigReader::optional_text(const std::string& key) const {
  if (!has(key) || is_null(key)) return std::nullopt;
  return text(key, "");
}

std::vector<double> ConfigReader::numbers(const std::string& key,
                                          std::size_t most,
                                          double lowest,
                                          double highest) const {
  if (!has(key)) return {};
  const auto& list = value_->json[key];
  const auto fits = [&](const Json& value) {
    return value.is_number() && value.get<double>() >= lowest && value.get<double>() <= highest;
  };
  if (!list.is_array() || list.size() > most || !std::all_of(list.begin(), list.end(), fits)) {
    refuse(key, concatenate("expected a list of at most ", most, " numbers from ", lowest, " to ",
                            highest));
  }
  return list.get<std::vector<double>>();
}

std::vector<int> ConfigReader::integers(const std::string& key,
                                        const std::vector<int>& fallback,
                                        IntegerRange count,
                                        IntegerRange range) const {
  if (!has(key)) return fallback;
  const auto& list = value_->json[key];
  const auto size = static_cast<std::int64_t>(list.size());
  const bool fits = list.is_array() && size >= count.lowest && size <= count.highest &&
                    std::all_of(list.begin(), list.end(),
                                [&](const Json& value) { return within(value, range); });
  if (!fits) {
    const auto entries = count.lowest == count.highest
                             ? concatenate(count.lowest)
                             : concatenate(count.lowest, " to ", count.highest);
    refuse(key, concatenate("expected a list of ", entries, " integers from ", range.lowest, " to ",
                            range.highest));
  }
  return list.get<std::vector<int>>();
}

std::vector<int> ConfigReader::integer_or_list(const std::string& key,
                                               int fallback,
                                               std::size_t count,
                                               IntegerRange range) const {
  const auto entries = static_cast<std::int64_t>(count);
  if (is_list(key)) return integers(key, {}, {entries, entries}, range);
  if (has(key) && !within(value_->json[key], range)) {
    refuse(key, concatenate(wanted(range), ", or a list of ", count, " of them"));
  }
  return std::vector<int>(count, static_cast<int>(integer(key, fallback, range)));
}

std::vector<std::string> ConfigReader::names(const std::string& key,
                                             const std::vector<std::string>& fallback,
                                             std::size_t count,
                                             const std::vector<std::string>& supported) const {
  const auto result = has(key) ? texts(key) : fallback;
  const auto known = [&](const std::string& name) {
    return std::find(supported.begin(), supported.end(), name) != supported.end();
  };
  const auto unknown = std::find_if_not(result.begin(), result.end(), known);
  if (unknown != result.end()) {
    std::string list;
    for (const auto& name : supported) list += (list.empty() ? "" : ", ") + name;
    refuse(key, concatenate(shown(*unknown), " is not supported, only ", list));
  }
  if (result.size() != count) {
    refuse(key, concatenate("expected ", count, " names, one for each of block_out_channels"));
  }
  return result;
}

std::vector<std::string> ConfigReader::texts(const std::string& key) const {
  if (!is_list(key)) refuse(key, "expected a list of texts");
  std::vector<std::string> result;
  for (const auto& value : value_->json[key]) {
    if (!value.is_string() && !value.is_null()) refuse(key, "expected a list of texts");
    if (!is_short(value)) refuse(key, kShortRule);
    result.push_back(value.is_null() ? "" : value.get<std::string>());
  }
  return result;
}

void ConfigReader::require_supported(const SupportedValues& supported) const {
  if (!has(supported.key)) return;
  const auto& value = value_->json[supported.key];
  const auto implemented = [&](const Json& found) {
    return std::any_of(supported.values.begin(), supported.values.end(),
                       [&](const std::string& text) { return Json::parse(text) == found; });
  };
  if (implemented(value)) return;
  if (value.is_array() && std::all_of(value.begin(), value.end(), implemented)) return;
  std::string list;
  for (const auto& text : supported.values) list += (list.empty() ? "" : ", ") + text;
  refuse(supported.key, "supported: " + list);
}

ConfigReader ConfigReader::child(const std::string& key) const {
  if (!is_object(key)) refuse(key, "expected an object");
  return ConfigReader(std::make_unique<Value>(Value{value_->json[key]}), where_);
}

}  // namespace onestep
