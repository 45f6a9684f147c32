#include "onestep/io/file.h"

#include "testing/file_size_limit.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>

#include "io/scratch.h"

namespace onestep {
namespace {

using testing::FileSizeLimit;

TEST(MappedFile, HoldsTheBytes) {
  const Scratch scratch;
  const MappedFile file(scratch.file("a", "hello"));
  EXPECT_EQ(file.bytes().size(), 5U);
  EXPECT_EQ(static_cast<char>(file.bytes()[4]), 'o');
}

TEST(MappedFile, OutlivesTheReplacementOfItsFile) {
  const Scratch scratch;
  const auto path = scratch.file("a", "before");
  const MappedFile file(path);
  write_file_atomically(path, "after!");
  EXPECT_EQ(static_cast<char>(file.bytes()[0]), 'b');
  EXPECT_EQ(bytes_of(path), "after!");
}

TEST(MappedFile, RefusesWhatIsNoFile) {
  const Scratch scratch;
  EXPECT_TRUE(refuses([&] { MappedFile(scratch / "none"); }, "none: cannot be opened",
                      "No such file or directory"));
  EXPECT_TRUE(
      refuses([&] { MappedFile(scratch.folder()); }, "expected a regular file, found a folder"));
  EXPECT_TRUE(refuses([&] { MappedFile(scratch.file("empty", "")); },
                      "empty: expected content, found an empty file (0 bytes)"));
  EXPECT_TRUE(refuses([&] { MappedFile("/dev/null"); },
                      "/dev/null: expected a regular file, found a device"));
}

TEST(MappedFile, DoesNotWaitForANamedPipe) {
  const Scratch scratch;
  ASSERT_EQ(mkfifo((scratch / "pipe").c_str(), 0600), 0);
  EXPECT_TRUE(refuses([&] { MappedFile(scratch / "pipe"); },
                      "pipe: expected a regular file, found a named pipe"));
}

TEST(FileExists, TellsAMissingFileFromOneThatCannotBeLookedAt) {
  const Scratch scratch;
  EXPECT_TRUE(file_exists(scratch.file("a", "")));
  EXPECT_TRUE(file_exists(scratch.folder()));
  EXPECT_FALSE(file_exists(scratch / "none"));
  EXPECT_FALSE(file_exists(scratch / "a/below a file"));
  std::filesystem::create_symlink("loop", scratch / "loop");
  EXPECT_TRUE(refuses([&] { file_exists(scratch / "loop/a"); },
                      "loop/a: cannot be opened: ", std::strerror(ELOOP)));
}

TEST(ReadText, ReturnsTheWholeFile) {
  const Scratch scratch;
  EXPECT_EQ(read_text(scratch.file("a", "one\ntwo")), "one\ntwo");
  EXPECT_EQ(read_text(scratch.file("empty", "")), "");
}

TEST(ReadText, RefusesMissingAndLargeFiles) {
  const Scratch scratch;
  EXPECT_TRUE(refuses([&] { read_text(scratch / "none"); }, "none: cannot be opened"));
  const auto path = scratch.file("a", "12345");
  EXPECT_EQ(read_text(path, 5), "12345");
  EXPECT_TRUE(refuses([&] { read_text(path, 4); }, "has 5 bytes, more than the 4"));
}

TEST(WriteFileAtomically, WritesAndReplaces) {
  const Scratch scratch;
  const auto path = scratch / "a";
  write_file_atomically(path, "first, and longer");
  write_file_atomically(path, "second");
  EXPECT_EQ(bytes_of(path), "second");
  EXPECT_EQ(scratch.files(), 1U);
}

TEST(WriteFileAtomically, LeavesTheRightsToTheUmask) {
  const Scratch scratch;
  const mode_t mask = umask(027);
  write_file_atomically(scratch / "a", "x");
  umask(mask);
  struct stat status {};
  ASSERT_EQ(stat((scratch / "a").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0640U);
}

TEST(WriteFileAtomically, WorksWithoutAFolderInThePath) {
  const Scratch scratch;
  const auto before = std::filesystem::current_path();
  std::filesystem::current_path(scratch.folder());
  write_file_atomically("bare", "x");
  std::filesystem::current_path(before);
  EXPECT_EQ(bytes_of(scratch / "bare"), "x");
}

TEST(WriteFileAtomically, NamesFileAndReasonWhenTheFolderIsMissing) {
  const Scratch scratch;
  EXPECT_TRUE(refuses([&] { write_file_atomically(scratch / "no/a.npy", "x"); },
                      "no/a.npy: cannot be written: No such file or directory"));
}

TEST(WriteFileAtomically, RefusesToReplaceWhatIsNoFile) {
  const Scratch scratch;
  EXPECT_TRUE(refuses([&] { write_file_atomically(scratch.folder(), "x"); },
                      "exists and is not a regular file"));
  EXPECT_TRUE(refuses([&] { write_file_atomically("/dev/null", "x"); },
                      "/dev/null: cannot be written: exists and is not a regular file"));
}

TEST(WriteFileAtomically, LeavesTheOldFileWhenTheDiskIsFull) {
  const Scratch scratch;
  const auto path = scratch.file("a", "old");
  const std::string large(100'000, 'x');
  {
    const FileSizeLimit limit(4096);
    EXPECT_TRUE(refuses([&] { write_file_atomically(path, large); },
                        "a: cannot be written: File too large"));
  }
  EXPECT_EQ(bytes_of(path), "old");
  EXPECT_EQ(scratch.files(), 1U);
}

TEST(AtomicFile, ShowsNothingUnderTheFinalNameBeforeCommit) {
  const Scratch scratch;
  AtomicFile file(scratch / "a");
  file.write("half of ");
  EXPECT_FALSE(std::filesystem::exists(scratch / "a"));
  file.write("it");
  file.commit();
  EXPECT_EQ(bytes_of(scratch / "a"), "half of it");
}

TEST(AtomicFile, RemovesTheTemporaryWithoutCommit) {
  const Scratch scratch;
  {
    AtomicFile file(scratch / "a");
    file.write("abandoned");
    EXPECT_EQ(scratch.files(), 1U);
  }
  EXPECT_EQ(scratch.files(), 0U);
}

TEST(AtomicFile, SeveralMayBeOpenInOneFolder) {
  const Scratch scratch;
  AtomicFile first(scratch / "a");
  AtomicFile second(scratch / "a");
  first.write("first");
  second.write("second");
  second.commit();
  first.commit();
  EXPECT_EQ(bytes_of(scratch / "a"), "first");
  EXPECT_EQ(scratch.files(), 1U);
}

}  // namespace
}  // namespace onestep
