#include "onestep/data/manifest/row_checks.h"

#include "onestep/base/check.h"
#include "onestep/base/thread_pool.h"
#include "onestep/data/manifest/map_file.h"
#include "onestep/data/manifest/row_sample.h"
#include "onestep/io/image.h"

#include <mutex>
#include <optional>

namespace onestep {
namespace {

/// What was found out about one row.
struct RowReport {
  std::vector<std::string> problems;
  bool hidden = false;              // by its mask
  std::optional<PictureSize> size;  // of its picture
};

class RowCheck {
 public:
  RowCheck(const ManifestRow& row, Truth truth) : row_(row), truth_(truth) {}

  RowReport report() {
    check_truth();
    attempt("image", [&] {
      const PictureHeader header = read_image_header(row_.image);
      report_.size = {.height = header.height, .width = header.width};
    });
    if (reads_depth(row_, truth_)) check_map(row_.depth, MapMeaning::depth);
    if (reads_normals(row_, truth_)) check_map(row_.normals, MapMeaning::normals);
    if (!row_.mask.empty() && check_map(row_.mask, MapMeaning::mask)) {
      attempt("mask", [&] { report_.hidden = !mask_shows_something(row_); });
    }
    return std::move(report_);
  }

 private:
  /// What `body` throws is a problem of the column.
  template <typename Body>
  bool attempt(std::string_view column, const Body& body) {
    try {
      body();
      return true;
    } catch (const Error& error) {
      report_.problems.push_back(concatenate(column, " ", error.what()));
      return false;
    }
  }

  void check_truth() {
    if (truth_ == Truth::depth && row_.depth.empty()) report_.problems.emplace_back("has no depth");
    if (truth_ == Truth::normals && row_.normals.empty()) {
      report_.problems.emplace_back("has no normals");
    }
  }

  bool check_map(const std::filesystem::path& path, MapMeaning meaning) {
    return attempt(to_string(meaning), [&] {
      const PictureHeader header = read_map_header(path, meaning);
      if (!report_.size) return;
      check(header.height == report_.size->height && header.width == report_.size->width,
            path.string(), ": has ", header.width, "x", header.height, " pixels, the picture ",
            report_.size->width, "x", report_.size->height);
    });
  }

  const ManifestRow& row_;
  Truth truth_;
  RowReport report_;
};

/// One problem for all pictures: the first that differs from the first of all.
std::optional<LineProblem> difference_of_sizes(const std::vector<ManifestRow>& rows,
                                               const std::vector<RowReport>& reports,
                                               const std::filesystem::path& manifest,
                                               std::int64_t batch) {
  std::size_t first = 0;
  while (first < rows.size() && !reports[first].size) ++first;
  std::size_t other = first;
  while (other < rows.size() &&
         (!reports[other].size || reports[other].size == reports[first].size)) {
    ++other;
  }
  if (other >= rows.size()) return std::nullopt;
  const PictureSize& one = *reports[first].size;
  const PictureSize& two = *reports[other].size;
  return LineProblem{
      rows[other].line,
      concatenate(manifest_place(manifest, rows[other].line), ": image ",
                  rows[other].image.string(), ": has ", two.width, "x", two.height,
                  " pixels, the one of line ", rows[first].line, " ", one.width, "x", one.height,
                  ", and a batch of ", batch,
                  " needs pictures of one size; give the data a \"size\" [height, width] or ",
                  "train with batch 1")};
}

}  // namespace

RowFindings check_rows(const std::vector<ManifestRow>& rows,
                       const std::filesystem::path& manifest,
                       const ManifestOptions& options) {
  std::vector<RowReport> reports(rows.size());
  std::mutex mutex;
  std::int64_t done = 0;
  ThreadPool pool(options.threads);
  constexpr std::int64_t kGrain = 8;
  pool.parallel_for(std::ssize(rows), kGrain, options.stop,
                    [&](std::int64_t begin, std::int64_t end, int /*thread*/) {
                      for (auto i = static_cast<std::size_t>(begin);
                           i < static_cast<std::size_t>(end); ++i) {
                        reports[i] = RowCheck(rows[i], options.truth).report();
                      }
                      const std::lock_guard lock(mutex);
                      done += end - begin;
                      if (options.progress) options.progress(done, std::ssize(rows));
                    });
  RowFindings findings;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const std::string place = manifest_place(manifest, rows[i].line) + ": ";
    for (const std::string& problem : reports[i].problems) {
      findings.problems.push_back({rows[i].line, place + problem});
    }
    if (reports[i].hidden) {
      findings.warnings.push_back(concatenate(place, "mask ", rows[i].mask.string(),
                                              ": is zero everywhere; nothing is learned from it"));
    }
  }
  if (options.batch > 1 && !options.size) {
    auto problem = difference_of_sizes(rows, reports, manifest, options.batch);
    if (problem) findings.problems.push_back(*std::move(problem));
  }
  return findings;
}

}  // namespace onestep
