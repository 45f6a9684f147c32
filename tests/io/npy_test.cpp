#include "onestep/io/numpy/npy.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "io/scratch.h"

namespace onestep {
namespace {

/// A version-1 file with this header, as it is.
std::string npy(const std::string& header, const std::string& data) {
  return std::string("\x93NUMPY\x01\0", 8) + static_cast<char>(header.size() & 0xFF) +
         static_cast<char>(header.size() >> 8) + header + data;
}

std::string dictionary(const std::string& descr, const std::string& shape) {
  return "{'descr': '" + descr + "', 'fortran_order': False, 'shape': " + shape + ", }\n";
}

template <typename... Parts>
::testing::AssertionResult decoding_refuses(const std::string& bytes, const Parts&... parts) {
  return refuses([&] { decode_npy(as_bytes(bytes), "a.npy"); }, "a.npy: ", parts...);
}

TEST(ReadNpy, ReturnsWhatWasWritten) {
  const Scratch scratch;
  for (const DType dtype :
       {DType::float64, DType::float32, DType::float16, DType::int64, DType::int32, DType::int16,
        DType::int8, DType::uint64, DType::uint32, DType::uint16, DType::uint8, DType::boolean}) {
    for (const Shape& shape : {Shape{2, 3}, Shape{6}, Shape{1, 2, 1, 3}}) {
      const Array array = Array::of<float>(shape, {0, 1, 1, 0, 1, 0}).to(dtype);
      write_npy(scratch / "a.npy", array);
      const Array got = read_npy(scratch / "a.npy");
      EXPECT_EQ(got.dtype(), dtype);
      EXPECT_EQ(got.shape(), shape);
      EXPECT_TRUE(std::equal(array.data(), array.data() + array.bytes(), got.data()));
    }
  }
}

TEST(ReadNpy, AcceptsScalarsAndEmptyArrays) {
  const Scratch scratch;
  write_npy(scratch / "a", Array::of<double>({}, {2.5}));
  EXPECT_EQ(read_npy(scratch / "a").shape(), Shape{});
  write_npy(scratch / "a", Array(DType::float32, {0, 3}));
  EXPECT_EQ(read_npy(scratch / "a").shape(), (Shape{0, 3}));
}

TEST(ReadNpy, TurnsFortranOrderIntoRows) {
  const std::string header = "{'descr': '|u1', 'fortran_order': True, 'shape': (2, 3, 2), }";
  // Element (i,j,k) is the 100 i + 10 j + k that stands at i + 2 j + 6 k in the file.
  std::string data;
  for (int k = 0; k < 2; ++k) {
    for (int j = 0; j < 3; ++j) {
      for (int i = 0; i < 2; ++i) data += static_cast<char>(100 * i + 10 * j + k);
    }
  }
  const Array array = decode_npy(as_bytes(npy(header, data)), "a.npy");
  const auto values = array.view<std::uint8_t>();
  for (int n = 0; n < 12; ++n) {
    EXPECT_EQ(values[static_cast<std::size_t>(n)], 100 * (n / 6) + 10 * (n / 2 % 3) + n % 2) << n;
  }
}

TEST(ReadNpy, AcceptsTheLaterVersionsAndOtherSpellings) {
  const std::string header = "{\"shape\":(2L,),'fortran_order':False,\"descr\":\"<u1\"}";
  for (const char version : {'\2', '\3'}) {
    const std::string bytes = std::string("\x93NUMPY") + version + '\0' +
                              static_cast<char>(header.size()) + std::string(3, '\0') + header +
                              "AB";
    EXPECT_EQ(decode_npy(as_bytes(bytes), "a.npy").view<std::uint8_t>()[1], 'B');
  }
}

TEST(ReadNpy, RefusesOtherFiles) {
  EXPECT_TRUE(decoding_refuses("PK\x03\x04", "is not an .npy file"));
  EXPECT_TRUE(decoding_refuses("\x93NUMPY", "cut off"));
  EXPECT_TRUE(decoding_refuses(std::string("\x93NUMPY\x09\0\x01\0 ", 11), "version 9.0"));
  const Scratch scratch;
  EXPECT_TRUE(refuses([&] { read_npy(scratch / "none.npy"); }, "none.npy: cannot be opened"));
}

TEST(ReadNpy, RefusesOtherElementTypes) {
  EXPECT_TRUE(decoding_refuses(npy(dictionary(">f4", "(1,)"), "abcd"), "big-endian"));
  EXPECT_TRUE(decoding_refuses(npy(dictionary("<c8", "(1,)"), "abcdefgh"), "dtype \"<c8\""));
  EXPECT_TRUE(decoding_refuses(npy(dictionary("|O", "(1,)"), ""), "dtype \"|O\" is not supported"));
  EXPECT_TRUE(decoding_refuses(
      npy("{'descr': [('x', '<f4')], 'fortran_order': False, 'shape': (1,), }", "abcd"),
      "structured arrays"));
  EXPECT_TRUE(decoding_refuses(npy(dictionary("|b1", "(1,)"), "\2"), "neither 0 nor 1"));
}

TEST(ReadNpy, RefusesBrokenHeaders) {
  for (const std::string header : {"", "{", "{}", "{'descr'}", "{'descr': '<f4'}", "{'descr': '<f4",
                                   "x", "{'descr': '<f4', 'descr': '<f4'}", "{'other': '<f4'}",
                                   "{'descr': '<f4', 'fortran_order': Maybe, 'shape': ()}",
                                   "{'descr': '<f4', 'fortran_order': False, 'shape': [1]}",
                                   "{'descr': '<f4', 'fortran_order': False, 'shape': (-1,)}",
                                   "{'descr': '<f4', 'fortran_order': False, 'shape': (1 2)}",
                                   "{'descr': '<f4', 'fortran_order': False, 'shape': ()} x",
                                   "{'de\\scr': 1}", "{'descr\x01': 1}"}) {
    EXPECT_TRUE(decoding_refuses(npy(header, "abcd"))) << header;
  }
}

TEST(ReadNpy, RefusesShapesThatDisagreeWithTheBytes) {
  EXPECT_TRUE(decoding_refuses(npy(dictionary("<f4", "(3,)"), "abcd"),
                               "header says 12 bytes of data, file has 4", "download complete?"));
  EXPECT_TRUE(decoding_refuses(npy(dictionary("<f4", "(1,)"), "abcdef"), "file has 6"));
  EXPECT_TRUE(decoding_refuses(npy(dictionary("<f4", "(9999999999999999999999,)"), ""),
                               "a size that is too large"));
  EXPECT_TRUE(decoding_refuses(npy(dictionary("<f8", "(99999999999, 99999999999)"), ""),
                               "too many elements"));
  EXPECT_TRUE(decoding_refuses(std::string("\x93NUMPY\x01\0\xFF\x7F{", 11), "download complete?"));
  EXPECT_TRUE(decoding_refuses(std::string("\x93NUMPY\x02\0\xFF\xFF\xFF\xFF{", 13),
                               "header length 4294967295 is over"));
}

TEST(ReadNpy, RefusesLargeFilesBeforeTheyAreRead) {
  const Scratch scratch;
  const auto path = scratch.file("a.npy", "");
  std::filesystem::resize_file(path, (std::uintmax_t{4} << 30) + 1);  // takes no room on the disk
  EXPECT_TRUE(refuses([&] { read_npy(path); }, "a.npy: has 4294967297 bytes, more than"));
}

TEST(WriteNpy, WritesNumpysBytes) {
  const Scratch scratch;
  write_npy(scratch / "a.npy", Array::of<float>({1, 2}, {1, 2}));
  std::string header = "{'descr': '<f4', 'fortran_order': False, 'shape': (1, 2), }";
  header.resize(117, ' ');
  EXPECT_EQ(bytes_of(scratch / "a.npy"),
            npy(header + "\n", std::string("\0\0\x80\x3F\0\0\0\x40", 8)));
}

TEST(WriteNpy, RefusesBfloat16) {
  const Scratch scratch;
  EXPECT_TRUE(refuses([&] { write_npy(scratch / "a.npy", Array(DType::bfloat16, {1})); },
                      "a.npy: cannot be written: .npy has no bfloat16"));
  EXPECT_EQ(scratch.files(), 0U);
}

}  // namespace
}  // namespace onestep
