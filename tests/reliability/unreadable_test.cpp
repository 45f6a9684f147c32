#include <gtest/gtest.h>

#include "cli/command_line_fixture.h"

namespace onestep::testing {
namespace {

namespace fs = std::filesystem;

/// A checkpoint of which a part may not be read, by whoever runs the tests.
class Unreadable : public CommandLine {
 protected:
  Unreadable() { copy_golden_model("tiny_e2e_depth", folder()); }
  ~Unreadable() override {
    for (const fs::path& path : locked_) fs::permissions(path, fs::perms::owner_all);
  }
  void lock(const std::string& name) {
    locked_.push_back(folder() / "model" / name);
    fs::permissions(locked_.back(), fs::perms::none);
  }
  ProcessResult run_without_rights(const std::vector<std::string>& words) const {
    ProcessOptions options;
    options.obey_permissions = true;
    return run(words, options);
  }
  ProcessResult predict() const {
    return run_without_rights(
        {"predict", photograph("photo.png"), "-m", "model", "--processing-res", "32"});
  }

 private:
  std::vector<fs::path> locked_;
};

TEST_F(Unreadable, FolderOfAComponentIsNotSaidToBeMissing) {
  lock("unet");
  const ProcessResult result = predict();
  EXPECT_EQ(result.exit_status, 1);
  EXPECT_TRUE(
      says_one_line(result, {"model/unet/config.json: cannot be opened: Permission denied"}));
}

TEST_F(Unreadable, FileIsNamedWithTheReason) {
  for (const std::string file : {"scheduler/scheduler_config.json", "tokenizer/vocab.json",
                                 "vae/diffusion_pytorch_model.safetensors"}) {
    lock(file);
    const ProcessResult result = predict();
    EXPECT_EQ(result.exit_status, 1);
    EXPECT_TRUE(says_one_line(result, {file + ": cannot be opened: Permission denied"}));
    fs::permissions(folder() / "model" / file, fs::perms::owner_all);
  }
}

TEST_F(Unreadable, PhotographWithALineBreakInItsNameIsNamedOnce) {
  write_text(folder() / "a\nphoto.png", "\x89PNG");
  const ProcessResult result = run({"predict", "a\nphoto.png", "-m", "model"});
  EXPECT_EQ(result.exit_status, 1);
  EXPECT_EQ(result.err, "onestep: a\\nphoto.png: is not a PNG file\n");
}

TEST_F(Unreadable, CardIsIgnoredByInspect) {
  write_text(folder() / "model/README.md", "---\nlicense: mit\n---\n");
  EXPECT_NE(run_without_rights({"inspect", "model"}).out.find("README.md"), std::string::npos);
  lock("README.md");
  const ProcessResult result = run_without_rights({"inspect", "model"});
  EXPECT_EQ(result.exit_status, 0) << result.err;
  EXPECT_EQ(result.err, "");
}

}  // namespace
}  // namespace onestep::testing
