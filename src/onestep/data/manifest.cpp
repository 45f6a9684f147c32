#include "onestep/data/manifest.h"

#include "onestep/base/check.h"
#include "onestep/data/manifest/manifest_rows.h"
#include "onestep/data/manifest/row_checks.h"
#include "onestep/data/manifest/row_sample.h"

#include <algorithm>
#include <utility>

namespace onestep {
namespace {

constexpr std::size_t kMostNamed = 100;

std::string message_of(const std::filesystem::path& manifest,
                       const std::vector<std::string>& problems) {
  if (problems.size() == 1) return problems.front();
  std::string text = concatenate(manifest.string(), ": ", problems.size(), " problems");
  for (std::size_t i = 0; i < std::min(problems.size(), kMostNamed); ++i)
    text += "; " + problems[i];
  if (problems.size() > kMostNamed) {
    text += concatenate("; and ", problems.size() - kMostNamed, " more");
  }
  return text;
}

/// Both by line.
std::vector<std::string> in_order(std::vector<LineProblem> problems,
                                  const std::vector<LineProblem>& more) {
  problems.insert(problems.end(), more.begin(), more.end());
  std::ranges::stable_sort(problems, {}, &LineProblem::line);
  std::vector<std::string> texts;
  for (LineProblem& problem : problems) texts.push_back(std::move(problem.text));
  return texts;
}

class ManifestDataset : public Dataset {
 public:
  ManifestDataset(std::filesystem::path manifest,
                  std::vector<ManifestRow> rows,
                  Truth truth,
                  const std::optional<PictureSize>& size)
      : manifest_(std::move(manifest)), rows_(std::move(rows)), truth_(truth), size_(size) {}

  std::int64_t size() const override { return std::ssize(rows_); }

  std::string name(std::int64_t index) const override {
    const ManifestRow& row = row_at(index);
    return concatenate(row.image_name, " (", manifest_place(manifest_.filename(), row.line), ")");
  }

  Sample read(std::int64_t index) const override {
    const ManifestRow& row = row_at(index);
    try {
      return row_sample(row, truth_, size_);
    } catch (const Error& error) {
      fail(manifest_place(manifest_, row.line), ": ", error.what());
    }
  }

 private:
  const ManifestRow& row_at(std::int64_t index) const {
    return rows_.at(static_cast<std::size_t>(index));
  }

  std::filesystem::path manifest_;
  std::vector<ManifestRow> rows_;
  Truth truth_;
  std::optional<PictureSize> size_;
};

}  // namespace

ManifestProblems::ManifestProblems(const std::filesystem::path& manifest,
                                   std::vector<std::string> problems)
    : Error(message_of(manifest, problems)), problems_(std::move(problems)) {}

OpenedManifest open_manifest(const std::filesystem::path& path, const ManifestOptions& options) {
  constexpr std::int64_t kMostSide = 32768;
  check(!options.size || (options.size->height >= 1 && options.size->height <= kMostSide &&
                          options.size->width >= 1 && options.size->width <= kMostSide),
        "size of the data: expected [height, width] of 1 to ", kMostSide, " pixels");
  ManifestRows list = read_manifest_rows(path);
  RowFindings findings = check_rows(list.rows, path, options);
  std::vector<std::string> problems = in_order(std::move(list.problems), findings.problems);
  if (!problems.empty()) throw ManifestProblems(path, std::move(problems));
  return {.dataset = std::make_shared<ManifestDataset>(path, std::move(list.rows), options.truth,
                                                       options.size),
          .warnings = std::move(findings.warnings)};
}

}  // namespace onestep
