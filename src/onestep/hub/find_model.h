#pragma once

#include <filesystem>
#include <optional>
#include <string>

namespace onestep {

/// A repository as one writes it: "prs-eth/marigold-depth-v1-0", with "@" and a branch, tag or
/// commit behind it where it is not "main".
struct RepositoryName {
  std::string owner;
  std::string name;
  std::string revision = "main";
};

/// Nothing for what cannot be the name of a repository ("model", "./model", "a/b/c", "/model").
std::optional<RepositoryName> repository_name(const std::string& text);

/// The checkpoint folder that `model` names: the path itself when there is something of this name
/// or when it cannot be a repository, else the snapshot of that repository in `cache` (layout of
/// huggingface_hub: models--OWNER--NAME/{refs/<revision>,snapshots/<commit>}), which is only read.
/// Throws Error that says where was looked and how to download when the repository, the revision
/// or its snapshot is not there.
std::filesystem::path find_model(const std::string& model, const std::filesystem::path& cache);

}  // namespace onestep
