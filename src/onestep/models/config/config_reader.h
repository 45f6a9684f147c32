#pragma once

#include <cstdint>
#include <initializer_list>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace onestep {

/// Smallest and largest value that a key may have, both allowed.
struct IntegerRange {
  std::int64_t lowest = 0;
  std::int64_t highest = 0;
};

/// Values of a key that we implement, as JSON texts: {"act_fn", {"\"silu\"", "\"swish\""}}.
struct SupportedValues {
  std::string key;
  std::vector<std::string> values;
};

/// Reads a JSON object key by key. Every message is one line that begins with the file and names
/// the key, the value found and what is supported. Keys listed in `_use_default_values` count as
/// absent, as in diffusers; unknown keys are nobody's business here.
class ConfigReader {
 public:
  /// `where` is the file's name. Throws Error for text that is not a JSON object, is nested
  /// absurdly deep or has numbers that no computer holds. Takes time in proportion to the text.
  ConfigReader(const std::string& json, std::string where);
  ConfigReader(ConfigReader&&) noexcept;
  ~ConfigReader();

  const std::string& where() const { return where_; }
  std::vector<std::string> keys() const;

  /// False for a key that is absent, null counts as a value.
  bool has(const std::string& key) const;
  bool is_null(const std::string& key) const;
  bool is_object(const std::string& key) const;
  bool is_list(const std::string& key) const;

  std::int64_t integer(const std::string& key, std::int64_t fallback, IntegerRange range) const;
  double number(const std::string& key, double fallback, double lowest, double highest) const;
  bool boolean(const std::string& key, bool fallback) const;
  /// Refuses texts that are longer than any name.
  std::string text(const std::string& key, const std::string& fallback) const;
  /// Absent and null are both nothing.
  std::optional<int> optional_integer(const std::string& key, IntegerRange range) const;
  std::optional<std::string> optional_text(const std::string& key) const;

  /// A list of at most `most` numbers.
  std::vector<double> numbers(const std::string& key,
                              std::size_t most,
                              double lowest,
                              double highest) const;
  /// A list of `lowest` to `highest` integers.
  std::vector<int> integers(const std::string& key,
                            const std::vector<int>& fallback,
                            IntegerRange count,
                            IntegerRange range) const;
  /// One integer for all of `count` entries, or a list of that many.
  std::vector<int> integer_or_list(const std::string& key,
                                   int fallback,
                                   std::size_t count,
                                   IntegerRange range) const;
  /// A list of `count` names, each one of `supported`.
  std::vector<std::string> names(const std::string& key,
                                 const std::vector<std::string>& fallback,
                                 std::size_t count,
                                 const std::vector<std::string>& supported) const;
  /// A list of such texts; null entries are empty texts.
  std::vector<std::string> texts(const std::string& key) const;

  /// Throws Error when the key is there with another value; a list must hold supported values only.
  void require_supported(const SupportedValues& supported) const;

  /// The object under a key.
  ConfigReader child(const std::string& key) const;

  /// Throws Error: `where: "key" is <value>; <rule>`.
  [[noreturn]] void refuse(const std::string& key, std::string_view rule) const;

 private:
  struct Value;
  ConfigReader(std::unique_ptr<Value> value, std::string where);

  std::unique_ptr<Value> value_;
  std::string where_;
};

}  // namespace onestep
