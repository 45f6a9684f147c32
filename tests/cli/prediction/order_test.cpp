#include "onestep/io/file.h"

#include <gtest/gtest.h>

#include <cstddef>
#include <string>
#include <vector>

#include "cli/command_line_fixture.h"

namespace onestep::testing {
namespace {

using Names = std::vector<std::string>;

class Order : public CommandLine {
 protected:
  ProcessResult predict(const Names& photographs, const std::string& output) const {
    Names words = {"predict", "-m",   model(),   "-m",       model("tiny_e2e_normals"),
                   "-o",      output, "--noise", "gaussian", "--formats",
                   "npy"};
    words.insert(words.end(), photographs.begin(), photographs.end());
    return run(words);
  }
  std::vector<std::byte> bytes(const std::string& name) const {
    return read_bytes(folder() / name, 1 << 20);
  }
};

TEST_F(Order, OfThePhotographsChangesNoByte) {
  const Names photographs = {photograph("a.png", 48, 40), photograph("b.png", 40, 56),
                             photograph("c.png", 33, 21), photograph("d.png", 64, 64)};
  const ProcessResult forwards = predict(photographs, "forwards");
  ASSERT_EQ(forwards.exit_status, 0) << forwards.err;
  const Names permuted = {"c.png", "a.png", "d.png", "b.png"};
  const ProcessResult other = predict(permuted, "other");
  ASSERT_EQ(other.exit_status, 0) << other.err;
  EXPECT_EQ(lines_of(other.out).front(), "other/c_depth.npy");
  const Names files = files_in("forwards");
  EXPECT_EQ(files.size(), 2 * photographs.size());
  EXPECT_EQ(files_in("other"), files);
  for (const std::string& file : files) {
    EXPECT_EQ(bytes("forwards/" + file), bytes("other/" + file)) << file;
  }
}

}  // namespace
}  // namespace onestep::testing
