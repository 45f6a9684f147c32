#include "onestep/cli/photographs/folder_search.h"

#include "onestep/base/check.h"
#include "onestep/cli/photographs/earlier_results.h"
#include "onestep/io/image.h"

#include <sys/stat.h>

#include <algorithm>
#include <set>
#include <system_error>
#include <utility>

namespace onestep {
namespace {

namespace fs = std::filesystem;

/// A folder whatever it is called: device and inode.
using Identity = std::pair<dev_t, ino_t>;

/// {0, 0} for what is not there.
Identity identity_of(const fs::path& path) {
  struct stat status = {};
  if (stat(path.c_str(), &status) != 0) return {};
  return {status.st_dev, status.st_ino};
}

/// A sub-folder that waits for its turn; real ones come before links to them.
struct SubFolder {
  bool is_link = false;
  fs::path name;
  bool operator<(const SubFolder& other) const {
    return std::pair(is_link, name) < std::pair(other.is_link, other.name);
  }
};

class Search {
 public:
  Search(fs::path top, const fs::path& except) : top_(std::move(top)) {
    const Identity results = identity_of(except);
    if (results != Identity() && results != identity_of(top_)) seen_.insert(results);
  }

  FolderSearch run() {
    enter(fs::path());
    return std::move(found_);
  }

 private:
  fs::path full(const fs::path& folder) const { return folder.empty() ? top_ : top_ / folder; }

  void enter(const fs::path& folder) {
    if (!seen_.insert(identity_of(full(folder))).second) return;
    std::error_code error;
    std::vector<fs::path> files;
    std::vector<SubFolder> folders;
    std::vector<fs::path> dead_links;
    auto entry = fs::directory_iterator(full(folder), error);
    for (; !error && entry != fs::directory_iterator(); entry.increment(error)) {
      sort_in(*entry, files, folders, dead_links);
    }
    if (error) {
      found_.failures.add(concatenate(
          full(folder).native(), ": expected a folder that may be read, found: ", error.message()));
    }
    std::sort(files.begin(), files.end());
    std::sort(folders.begin(), folders.end());
    std::sort(dead_links.begin(), dead_links.end());
    for (const fs::path& link : dead_links) {
      found_.failures.add(concatenate(
          link.native(),
          ": expected a photograph, found a link that leads nowhere; remove or mend it"));
    }
    for (const fs::path& file : files) take(file, folder);
    for (const SubFolder& next : folders) enter(folder / next.name);
  }

  void take(const fs::path& file, const fs::path& folder) {
    if (is_earlier_result(file)) {
      ++found_.earlier_results;
    } else {
      found_.photographs.push_back({file, folder});
    }
  }

  static void sort_in(const fs::directory_entry& entry,
                      std::vector<fs::path>& files,
                      std::vector<SubFolder>& folders,
                      std::vector<fs::path>& dead_links) {
    const fs::path name = entry.path().filename();
    if (name.native().starts_with('.')) return;
    std::error_code error;
    const fs::file_status status = entry.status(error);
    if (fs::is_directory(status)) {
      std::error_code unknown;
      folders.push_back({entry.is_symlink(unknown), name});
    } else if (has_image_extension(name) && fs::is_regular_file(status)) {
      files.push_back(entry.path());
    } else if (has_image_extension(name) && !fs::exists(status)) {
      dead_links.push_back(entry.path());
    }
  }

  fs::path top_;
  std::set<Identity> seen_;
  FolderSearch found_;
};

}  // namespace

FolderSearch search_folder(const fs::path& top, const fs::path& except) {
  return Search(top, except).run();
}

}  // namespace onestep
