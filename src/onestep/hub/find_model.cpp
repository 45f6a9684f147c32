#include "onestep/hub/find_model.h"

#include "onestep/base/check.h"
#include "onestep/io/file.h"

#include <algorithm>
#include <cctype>
#include <string_view>
#include <system_error>

namespace onestep {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kCommitDigits = 40;
constexpr std::int64_t kLongestRef = 4096;

bool is_hex(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](unsigned char c) { return std::isxdigit(c) != 0; });
}

bool is_commit(std::string_view text) {
  return text.size() == kCommitDigits && is_hex(text);
}

/// Letters, digits and -_. as the hub allows them; neither hidden nor a way out of the folder.
bool is_name(std::string_view text) {
  const auto allowed = [](unsigned char c) {
    return c < 0x80 && (std::isalnum(c) != 0 || c == '-' || c == '_' || c == '.');
  };
  return !text.empty() && text.front() != '.' && text.front() != '-' && text.size() <= 96 &&
         std::all_of(text.begin(), text.end(), allowed);
}

/// Branches may have slashes in their names ("refs/pr/1").
bool is_revision(std::string_view text) {
  while (true) {
    const std::size_t slash = text.find('/');
    if (!is_name(text.substr(0, slash))) return false;
    if (slash == std::string_view::npos) return true;
    text.remove_prefix(slash + 1);
  }
}

/// Throws Error where that cannot be found out.
bool is_folder(const fs::path& path) {
  std::error_code unknown;
  return file_exists(path) && fs::is_directory(path, unknown);
}

std::string download_command(const RepositoryName& repository) {
  std::string command = "hf download " + repository.owner + "/" + repository.name;
  if (repository.revision != "main") command += " --revision " + repository.revision;
  return command;
}

/// The commit that a branch or tag stands for in this cache.
std::string commit_of(const RepositoryName& repository, const fs::path& folder) {
  if (is_commit(repository.revision)) return repository.revision;
  const fs::path ref = folder / "refs" / repository.revision;
  check(file_exists(ref), ref.native(),
        ": expected the commit of this revision, found no such file; download it with: ",
        download_command(repository));
  std::string text = read_text(ref, kLongestRef);
  text.erase(text.find_last_not_of(" \t\r\n") + 1);
  check(is_commit(text), ref.native(), ": expected a commit (40 hexadecimal digits), found \"",
        text.substr(0, 60), "\"; download it again with: ", download_command(repository));
  return text;
}

}  // namespace

std::optional<RepositoryName> repository_name(const std::string& text) {
  const std::size_t at = text.find('@');
  const std::string path = text.substr(0, at);
  const std::size_t slash = path.find('/');
  if (slash == std::string::npos) return std::nullopt;
  RepositoryName repository{path.substr(0, slash), path.substr(slash + 1)};
  if (at != std::string::npos) repository.revision = text.substr(at + 1);
  if (!is_name(repository.owner) || !is_name(repository.name)) return std::nullopt;
  if (!is_revision(repository.revision)) return std::nullopt;
  return repository;
}

fs::path find_model(const std::string& model, const fs::path& cache) {
  std::error_code error;
  const fs::file_status status = fs::symlink_status(model, error);
  const auto repository = repository_name(model);
  if (status.type() != fs::file_type::not_found || !repository) return model;

  const fs::path folder = cache / ("models--" + repository->owner + "--" + repository->name);
  check(is_folder(folder), model,
        ": expected a checkpoint folder or a repository of the local Hugging Face cache, found "
        "nothing of this name here and no ",
        folder.native(), "; download it with: ", download_command(*repository));
  const fs::path snapshot = folder / "snapshots" / commit_of(*repository, folder);
  check(is_folder(snapshot), snapshot.native(), ": expected the files of ", model,
        ", found no such folder; download them with: ", download_command(*repository));
  return snapshot;
}

}  // namespace onestep
