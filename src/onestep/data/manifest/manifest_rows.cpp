#include "onestep/data/manifest/manifest_rows.h"

#include "onestep/base/check.h"
#include "onestep/base/nearest_name.h"
#include "onestep/base/text/one_line.h"
#include "onestep/data/manifest/csv.h"
#include "onestep/io/file.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <string_view>
#include <utility>

namespace onestep {
namespace {

constexpr std::size_t kLongestQuote = 60;  // of a file's words in a message

const std::array<std::string, 6> kColumns = {"image", "depth",   "depth_scale",
                                             "mask",  "normals", "normals_frame"};

void check_column(const std::string& column) {
  check(std::ranges::find(kColumns, column) != kColumns.end(), "column \"",
        one_line(column, kLongestQuote), "\" is not known; there are image, depth, depth_scale, ",
        "mask, normals and normals_frame", did_you_mean(column, kColumns));
}

double checked_scale(double scale) {
  check(std::isfinite(scale) && scale > 0, "depth_scale: expected metres per unit, above 0, found ",
        scale);
  return scale;
}

/// The number that the whole text is.
double scale_of(const std::string& text) {
  double value = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  check(error == std::errc() && stop == end, "depth_scale: expected a number, found \"",
        one_line(text, kLongestQuote), "\"");
  return checked_scale(value);
}

/// Puts a value into the row. Files are relative to `folder`.
void set_text(ManifestRow& row,
              const std::string& column,
              const std::string& text,
              const std::filesystem::path& folder) {
  check(!text.empty(), column, ": is empty");
  check(text.find('\0') == std::string::npos, column, ": a path cannot hold a NUL character");
  if (column == "image") {
    row.image_name = text;
    row.image = folder / text;
  } else if (column == "depth") {
    row.depth = folder / text;
  } else if (column == "mask") {
    row.mask = folder / text;
  } else if (column == "normals") {
    row.normals = folder / text;
  } else if (column == "normals_frame") {
    row.normals_frame = normal_frame_from_string(text);
  } else {
    row.depth_scale = scale_of(text);
  }
}

void set_json(ManifestRow& row,
              const std::string& column,
              const nlohmann::json& value,
              const std::filesystem::path& folder) {
  check_column(column);
  if (value.is_null()) return;  // as good as absent
  if (column == "depth_scale") {
    check(value.is_number(), "depth_scale: expected a number, found ",
          one_line(value.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace),
                   kLongestQuote));
    row.depth_scale = checked_scale(value.get<double>());
    return;
  }
  check(value.is_string(), column, ": expected a text, found ",
        one_line(value.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace),
                 kLongestQuote));
  set_text(row, column, value.get<std::string>(), folder);
}

/// Collects rows and problems, line by line.
class RowCollector {
 public:
  explicit RowCollector(const std::filesystem::path& manifest) : manifest_(manifest) {}

  /// Calls `fill(row)`; what it throws is a problem of the line.
  template <typename Fill>
  void add(std::int64_t line, const Fill& fill) {
    ManifestRow row;
    row.line = line;
    try {
      fill(row);
      check(!row.image.empty(), "has no image");
      result_.rows.push_back(std::move(row));
    } catch (const Error& error) {
      problem(line, error.what());
    }
  }
  void problem(std::int64_t line, const std::string& text) {
    result_.problems.push_back({line, manifest_place(manifest_, line) + ": " + text});
  }
  std::filesystem::path folder() const { return manifest_.parent_path(); }
  ManifestRows result() { return std::move(result_); }

 private:
  const std::filesystem::path& manifest_;
  ManifestRows result_;
};

void fill_from_json(ManifestRow& row, std::string_view line, const std::filesystem::path& folder) {
  nlohmann::json object;
  try {
    object = nlohmann::json::parse(line);
  } catch (const nlohmann::json::exception& error) {
    const auto* const syntax = dynamic_cast<const nlohmann::json::parse_error*>(&error);
    fail("is not JSON",
         syntax != nullptr ? concatenate(" (from character ", syntax->byte, " on)") : "");
  }
  check(object.is_object(), "expected a JSON object, {\"image\": ...}");
  for (const auto& [key, value] : object.items()) set_json(row, key, value, folder);
}

void read_jsonl(std::string_view text, RowCollector& collector) {
  for (std::int64_t line = 1; !text.empty(); ++line) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view content = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (content.find_first_not_of(" \t\r") == std::string_view::npos) continue;
    collector.add(line,
                  [&](ManifestRow& row) { fill_from_json(row, content, collector.folder()); });
  }
}

void check_header(const CsvRecord& header) {
  for (auto name = header.values.begin(); name != header.values.end(); ++name) {
    check_column(*name);
    check(std::find(header.values.begin(), name, *name) == name, "column \"", *name,
          "\" is there twice");
  }
}

void read_csv(std::string_view text, const std::string& name, RowCollector& collector) {
  const std::vector<CsvRecord> records = parse_csv(text, name);
  if (records.empty()) return;
  const CsvRecord& header = records.front();
  try {
    check_header(header);
  } catch (const Error& error) {
    collector.problem(header.line, error.what());
    return;
  }
  for (auto record = records.begin() + 1; record != records.end(); ++record) {
    collector.add(record->line, [&](ManifestRow& row) {
      check(record->values.size() == header.values.size(), "has ", record->values.size(),
            " values for ", header.values.size(), " columns");
      for (std::size_t i = 0; i < header.values.size(); ++i) {
        const std::string& value = record->values[i];
        if (!value.empty()) set_text(row, header.values[i], value, collector.folder());
      }
    });
  }
}

}  // namespace

std::string manifest_place(const std::filesystem::path& manifest, std::int64_t line) {
  return concatenate(manifest.string(), ":", line);
}

ManifestRows read_manifest_rows(const std::filesystem::path& path) {
  constexpr std::int64_t kMaxBytes = std::int64_t{1} << 30;
  const std::string content = read_text(path, kMaxBytes);
  std::string_view text = content;
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);  // as some editors begin UTF-8
  RowCollector collector(path);
  std::string extension = path.extension().string();
  if (extension == ".csv" || extension == ".CSV") {
    read_csv(text, path.string(), collector);
  } else {
    read_jsonl(text, collector);
  }
  ManifestRows result = collector.result();
  check(!result.rows.empty() || !result.problems.empty(), path.string(),
        ": lists no pictures; each line is one, {\"image\": \"a.png\", \"depth\": \"a.npy\"}");
  return result;
}

}  // namespace onestep
