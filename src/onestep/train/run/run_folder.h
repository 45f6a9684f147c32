#pragma once

#include "onestep/train/recipe/recipe.h"
#include "onestep/train/run/checkpoint.h"

#include <filesystem>
#include <functional>
#include <optional>
#include <string>

namespace onestep {

/// The checkpoint that a run goes on from.
struct ResumedCheckpoint {
  std::filesystem::path path;
  CheckpointFacts facts;
};

/// The folder of a run: model/, checkpoints/, validation/, log.jsonl, recipe.json, and start/ where
/// the model is made from scratch. One process at a time holds it.
class RunFolder {
 public:
  /// Makes and locks it. Throws Error (folder, reason) when it cannot be made or written, or when
  /// another process trains in it.
  explicit RunFolder(std::filesystem::path root);
  ~RunFolder();
  RunFolder(const RunFolder&) = delete;
  RunFolder& operator=(const RunFolder&) = delete;

  std::filesystem::path model() const { return root_ / "model"; }
  std::filesystem::path checkpoints() const { return root_ / "checkpoints"; }
  std::filesystem::path validation() const { return root_ / "validation"; }
  std::filesystem::path log() const { return root_ / "log.jsonl"; }
  std::filesystem::path validation_log() const { return root_ / "validation.jsonl"; }
  std::filesystem::path recipe() const { return root_ / "recipe.json"; }
  std::filesystem::path start() const { return root_ / "start"; }

  /// Where a run goes on: the newest checkpoint that can be read; nothing in a folder without any.
  /// `on_message` is told of those that cannot. Throws Error when the recipe differs from the
  /// checkpoint's in more than may change, or when all are damaged.
  std::optional<ResumedCheckpoint> resumed(
      const Recipe& recipe, const std::function<void(const std::string&)>& on_message) const;

  /// Throws Error when there is a run already: it may be days of work.
  void refuse_earlier_run() const;

 private:
  std::filesystem::path root_;
  int lock_ = -1;
};

}  // namespace onestep
