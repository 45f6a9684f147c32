#include "onestep/train/run/run_folder.h"

#include "onestep/base/check.h"
#include "onestep/io/file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <exception>
#include <system_error>
#include <utility>

namespace onestep {

namespace fs = std::filesystem;

RunFolder::RunFolder(fs::path root) : root_(std::move(root)) {
  make_folder(root_);
  make_folder(checkpoints());
  const fs::path lock = root_ / ".lock";
  lock_ = ::open(lock.c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0666);
  check(lock_ >= 0, lock.string(), ": cannot be written: ", std::strerror(errno));
  if (::flock(lock_, LOCK_EX | LOCK_NB) != 0) {
    ::close(lock_);
    fail(root_.string(), ": another process trains in this folder; choose another with -o");
  }
}

RunFolder::~RunFolder() {
  ::close(lock_);  // releases it
}

std::optional<ResumedCheckpoint> RunFolder::resumed(
    const Recipe& recipe, const std::function<void(const std::string&)>& on_message) const {
  const std::vector<CheckpointFile> files = checkpoints_in(checkpoints());
  for (auto file = files.rbegin(); file != files.rend(); ++file) {
    ResumedCheckpoint found{file->path, {}};
    std::optional<std::string> difference;
    try {
      found.facts = checked_checkpoint(file->path);
      difference = recipe_difference(found.facts.recipe, recipe.document);
    } catch (const std::exception& error) {
      on_message(concatenate(error.what(), "; going back to the checkpoint before it"));
      continue;
    }
    check(!difference, root_.string(), ": --resume: ", difference.value_or(""),
          "; a resumed run may change steps, stop_after, checkpoint_every, keep and "
          "validate_every alone");
    return found;
  }
  check(files.empty(), checkpoints().string(), ": none of ", files.size(),
        " checkpoints can be read; move the folder away to begin anew");
  std::error_code unknown;
  check(!fs::exists(model(), unknown), root_.string(),
        ": holds a model and no checkpoint to go on from; choose another folder");
  return std::nullopt;
}

void RunFolder::refuse_earlier_run() const {
  const std::vector<CheckpointFile> files = checkpoints_in(checkpoints());
  check(files.empty(), root_.string(), ": holds a run at step ",
        files.empty() ? 0 : files.back().step, "; go on with --resume, or choose another folder");
  std::error_code unknown;
  check(!fs::exists(model(), unknown), root_.string(),
        ": holds a model already; choose another folder");
}

}  // namespace onestep
