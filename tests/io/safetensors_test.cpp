#include "onestep/io/safetensors.h"

#include "testing/sanitized.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <ctime>
#include <initializer_list>
#include <utility>

#include "io/scratch.h"

namespace onestep {
namespace {

/// A file with this header, as it is, and `data` bytes of zeros.
std::string container(const std::string& header, std::size_t data) {
  std::string bytes;
  for (int i = 0; i < 8; ++i) bytes += static_cast<char>(header.size() >> (8 * i) & 0xFF);
  return bytes + header + std::string(data, '\0');
}

std::string entry(const std::string& name,
                  const std::string& dtype,
                  const std::string& shape,
                  const std::string& offsets) {
  return concatenate('"', name, "\":{\"dtype\":\"", dtype, "\",\"shape\":", shape,
                     ",\"data_offsets\":", offsets, "}");
}

/// A JSON object with these members.
std::string object(std::initializer_list<std::string> members) {
  std::string text = "{";
  for (const std::string& member : members) {
    if (text.size() > 1) text += ',';
    text += member;
  }
  return text + "}";
}

/// Passes when reading such a file throws a line that begins with its path and holds the parts.
template <typename... Parts>
::testing::AssertionResult reading_refuses(const std::string& bytes, const Parts&... parts) {
  const Scratch scratch;
  const auto path = scratch.file("m.safetensors", bytes);
  return refuses([&] { read_safetensors(path); }, "m.safetensors: ", parts...);
}

TEST(ReadSafetensors, ReturnsWhatWasWritten) {
  const Scratch scratch;
  StateDict tensors;
  for (const DType dtype : {DType::float64, DType::float32, DType::float16, DType::bfloat16,
                            DType::int64, DType::int32, DType::int16, DType::int8, DType::uint64,
                            DType::uint32, DType::uint16, DType::uint8, DType::boolean}) {
    tensors[std::string(to_string(dtype))] = Array::of<float>({3}, {0, 1, 1}).to(dtype);
  }
  tensors["scalar"] = Array::of<float>({}, {2.5F});
  tensors["empty"] = Array(DType::float32, {0, 7});
  write_safetensors(scratch / "m.safetensors", tensors, {{"format", "pt"}});
  const StateDict found = read_safetensors(scratch / "m.safetensors");
  ASSERT_EQ(found.size(), tensors.size());
  for (const auto& [name, array] : tensors) {
    const Array& got = found.at(name);
    EXPECT_EQ(got.dtype(), array.dtype()) << name;
    EXPECT_EQ(got.shape(), array.shape()) << name;
    EXPECT_TRUE(std::equal(array.data(), array.data() + array.bytes(), got.data())) << name;
  }
}

TEST(ReadSafetensors, ViewsOutliveTheDictionaryAndTheFile) {
  const Scratch scratch;
  write_safetensors(scratch / "m", {{"a", Array::of<float>({2}, {1, 2})}});
  const Array array = read_safetensors(scratch / "m").at("a");
  std::filesystem::remove(scratch / "m");
  EXPECT_EQ(array.to(DType::float64).view<double>()[1], 2);
}

TEST(ReadSafetensors, AcceptsUnalignedTensorsSpacesAndAnyOrderOfFields) {
  const Scratch scratch;
  const std::string header =
      R"({"b":{"shape":[1],"data_offsets":[1,5],"dtype":"F32"}, "a":{"data_offsets":[0,1],"dtype":"U8","shape":[]},)"
      R"("__metadata__":{"format":"pt"}}   )";
  const StateDict tensors = read_safetensors(scratch.file("m", container(header, 5)));
  EXPECT_EQ(tensors.at("a").shape(), Shape{});
  EXPECT_EQ(tensors.at("b").to(DType::float64).view<double>()[0], 0);
}

TEST(ReadSafetensors, AcceptsAFileWithoutTensors) {
  const Scratch scratch;
  EXPECT_TRUE(read_safetensors(scratch.file("m", container("{}", 0))).empty());
}

TEST(ReadSafetensors, RecognisesAHalfDownloadedFile) {
  const std::string whole = container(object({entry("a", "F32", "[2]", "[0,8]")}), 8);
  const std::string size = std::to_string(whole.size());
  for (const std::size_t length : {whole.size() - 1, whole.size() - 8, std::size_t{30}}) {
    EXPECT_TRUE(reading_refuses(whole.substr(0, length), "header says ", " bytes, file has ",
                                std::to_string(length), "; is the download complete?"))
        << length;
  }
  EXPECT_TRUE(reading_refuses(whole.substr(0, whole.size() - 1), "header says " + size));
  EXPECT_TRUE(reading_refuses(whole.substr(0, 7), "this one has 7; is the download complete?"));
  EXPECT_TRUE(reading_refuses("", "found an empty file"));
}

TEST(ReadSafetensors, RecognisesOtherFiles) {
  EXPECT_TRUE(reading_refuses("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n",
                              "git-lfs pointer", "git lfs pull"));
  EXPECT_TRUE(reading_refuses("<!DOCTYPE html><html></html>", "web page"));
  EXPECT_TRUE(reading_refuses(std::string("PK\x03\x04", 4) + std::string(40, 'x'), "zipped"));
  EXPECT_TRUE(reading_refuses(std::string(64, 'x'), "header length", "not a safetensors file"));
}

TEST(ReadSafetensors, RefusesHostileHeaderLengths) {
  EXPECT_TRUE(reading_refuses(std::string(8, '\xFF') + "{}", "header length 18446744073709551615"));
  EXPECT_TRUE(reading_refuses(std::string("\x01\xE1\xF5\x05\0\0\0\0", 8) + "{}",
                              "header length 100000001 is over 100000000"));
  EXPECT_TRUE(reading_refuses(std::string(8, '\0'), "is not a JSON object"));
}

TEST(ReadSafetensors, RefusesWhatIsNotAJsonObject) {
  for (const std::string header :
       {"[]", " {}", "{", "{\"a\"}", "{}}", "{} x", "{\"a\":{},}", "{/**/}", "\xEF\xBB\xBF{}"}) {
    EXPECT_TRUE(reading_refuses(container(header, 0), "the header", "JSON")) << header;
  }
  EXPECT_TRUE(reading_refuses(container(std::string("{}\0\0", 4), 0), "zero bytes"));
  EXPECT_TRUE(reading_refuses(container("{\"\xFF\":{}}", 0), "not valid JSON"));
}

TEST(ReadSafetensors, RefusesOtherStructures) {
  for (const std::string header :
       {R"({"a":1})", R"({"a":"F32"})", R"({"a":[]})", R"({"a":null})", R"({"a":true})",
        R"({"a":{"dtype":1}})", R"({"a":{"shape":[[1]]}})", R"({"a":{"shape":[-1]}})",
        R"({"a":{"shape":[1.5]}})", R"({"a":{"shape":["1"]}})", R"({"a":{"dtype":{"x":1}}})",
        R"({"a":{"shape":[99999999999999999999999]}})", R"({"a":{"data_offsets":5}})",
        R"({"__metadata__":{"a":1}})", R"({"__metadata__":{"a":{}}})", R"({"__metadata__":[]})"}) {
    EXPECT_TRUE(reading_refuses(container(header, 0), "the header has ", "the format allows none"))
        << header;
  }
  EXPECT_TRUE(
      reading_refuses(container(R"({"a":{"strides":[1]}})", 0), "unknown field \"strides\""));
}

TEST(ReadSafetensors, RefusesDeepNestingWithoutRecursion) {
  const std::string deep(1'000'000, '[');
  EXPECT_TRUE(reading_refuses(container(R"({"a":{"shape":)" + deep, 0), "the header has a list"));
  std::string objects;
  for (int i = 0; i < 100'000; ++i) objects += R"({"dtype":)";
  EXPECT_TRUE(reading_refuses(container(objects, 0), "the header has an object"));
}

TEST(ReadSafetensors, RefusesDuplicates) {
  const std::string a = entry("a", "U8", "[1]", "[0,1]");
  EXPECT_TRUE(reading_refuses(container(object({a, a}), 1), "the header names \"a\" twice"));
  EXPECT_TRUE(reading_refuses(container(R"({"a":{"dtype":"U8","dtype":"U8"}})", 0),
                              "has \"dtype\" twice in tensor \"a\""));
  EXPECT_TRUE(reading_refuses(container(R"({"__metadata__":{"k":"","k":""}})", 0),
                              "has \"k\" twice in __metadata__"));
  EXPECT_TRUE(reading_refuses(container(R"({"__metadata__":{},"__metadata__":{}})", 0),
                              "names \"__metadata__\" twice"));
}

TEST(ReadSafetensors, RefusesMissingFields) {
  EXPECT_TRUE(reading_refuses(container(R"({"a":{}})", 0), "tensor \"a\" lacks one of"));
  EXPECT_TRUE(reading_refuses(container(R"({"a":{"dtype":"U8","shape":[0]}})", 0), "lacks one of"));
}

TEST(ReadSafetensors, StopsReadingAHeaderOfEmptyEntries) {
  std::string header = "{";
  for (int i = 0; i < 5000; ++i) header += concatenate(i > 0 ? "," : "", "\"", i, "\":{}");
  EXPECT_TRUE(reading_refuses(container(header + "}", 0), "incomplete", "\"1000\" lacks one of"));
}

TEST(ReadSafetensors, RefusesMoreTensorsThanAnyCheckpointHas) {
  std::string header = "{";
  std::string metadata = R"({"__metadata__":{)";
  for (int i = 0; i <= 100'000; ++i) {
    const std::string separator = i > 0 ? "," : "";
    header += concatenate(separator, entry(std::to_string(i), "U8", "[0]", "[0,0]"));
    metadata += concatenate(separator, "\"", i, "\":\"\"");
  }
  EXPECT_TRUE(reading_refuses(container(header + "}", 0), "the header has over 100000 tensors"));
  EXPECT_TRUE(reading_refuses(container(metadata + "}}", 0), "the header has over 100000"));
}

TEST(ReadSafetensors, ReadsManyTensorsQuickly) {
  std::string header = "{";
  for (int i = 0; i < 90'000; ++i) {
    header +=
        concatenate(i > 0 ? "," : "", entry(std::to_string(i), "U8", "[0,0,0,0,0,0,0,0]", "[0,0]"));
  }
  const Scratch scratch;
  const auto path = scratch.file("m.safetensors", container(header + "}", 0));
  const std::clock_t before = std::clock();
  EXPECT_EQ(read_safetensors(path).size(), 90'000U);
  EXPECT_LT(std::clock() - before, (testing::kSanitized ? 30 : 3) * CLOCKS_PER_SEC);
}

TEST(ReadSafetensors, NamesUnsupportedAndUnknownDtypes) {
  for (const std::string dtype : {"F8_E4M3", "F8_E5M2", "F4", "F6_E2M3", "C64"}) {
    EXPECT_TRUE(reading_refuses(container(object({entry("a", dtype, "[1]", "[0,1]")}), 1),
                                "tensor \"a\": dtype " + dtype + " is not supported", "F16"));
  }
  EXPECT_TRUE(reading_refuses(container(object({entry("a", "Q9", "[1]", "[0,1]")}), 1),
                              "unknown dtype \"Q9\""));
}

TEST(ReadSafetensors, RefusesShapesThatDisagreeWithTheirBytes) {
  const auto header = [](const std::string& shape, const std::string& offsets) {
    return container(object({entry("a", "F32", shape, offsets)}), 8);
  };
  EXPECT_TRUE(reading_refuses(header("[3]", "[0,8]"), "tensor \"a\"",
                              "shape [3] of F32 needs 12 bytes, data_offsets give 8"));
  EXPECT_TRUE(reading_refuses(header("[2]", "[0,8,9]"), "data_offsets has 3 numbers, expected 2"));
  EXPECT_TRUE(reading_refuses(header("[2]", "[8,0]"), "data_offsets [8,0] are not a range"));
  EXPECT_TRUE(reading_refuses(header("[2]", "[0,18446744073709551615]"), "are not a range"));
}

TEST(ReadSafetensors, RefusesShapesThatOverflow) {
  for (const std::string shape :
       {"[4294967296,4294967296]", "[18446744073709551615]", "[4611686018427387904]",
        "[0,9223372036854775808]", "[2147483648,2147483648,2]"}) {
    EXPECT_TRUE(reading_refuses(container(object({entry("a", "F32", shape, "[0,0]")}), 0),
                                "the shape has too many elements"))
        << shape;
  }
  std::string shape = "[1";
  for (int i = 0; i < 16; ++i) shape += ",1";
  EXPECT_TRUE(reading_refuses(container(object({entry("a", "U8", shape + "]", "[0,1]")}), 1),
                              "over 16 numbers"));
}

TEST(ReadSafetensors, RefusesOverlappingTensors) {
  const std::string header =
      object({entry("a", "U8", "[4]", "[0,4]"), entry("b", "U8", "[4]", "[2,6]")});
  EXPECT_TRUE(reading_refuses(container(header, 6),
                              "tensor \"b\" at byte 2 overlaps tensor \"a\", which ends at 4"));
  const std::string same =
      object({entry("a", "U8", "[4]", "[0,4]"), entry("b", "U8", "[4]", "[0,4]")});
  EXPECT_TRUE(reading_refuses(container(same, 4), "overlaps"));
}

TEST(ReadSafetensors, RefusesGapsAndTrailingBytes) {
  EXPECT_TRUE(reading_refuses(container(object({entry("a", "U8", "[4]", "[2,6]")}), 6),
                              "2 bytes between the start of the buffer and tensor \"a\""));
  const std::string header =
      object({entry("a", "U8", "[1]", "[0,1]"), entry("b", "U8", "[1]", "[2,3]")});
  EXPECT_TRUE(
      reading_refuses(container(header, 3), "1 bytes between tensor \"a\" and tensor \"b\""));
  EXPECT_TRUE(reading_refuses(container(object({entry("a", "U8", "[4]", "[0,4]")}), 9),
                              "5 bytes at the end belong to no tensor"));
  EXPECT_TRUE(reading_refuses(container("{}", 1), "1 bytes at the end"));
}

TEST(ReadSafetensors, KeepsHostileNamesOnOneLine) {
  EXPECT_TRUE(reading_refuses(container(object({entry("a\\nb\\u001b", "Q", "[1]", "[0,1]")}), 1),
                              "\"a?b?\""));
  const std::string name(500, 'n');
  EXPECT_TRUE(reading_refuses(container(object({entry(name, "Q", "[1]", "[0,1]")}), 1),
                              std::string(120, 'n') + "...\""));
}

TEST(ReadSafetensors, RefusesBooleansThatAreNeither) {
  std::string bytes = container(object({entry("a", "BOOL", "[2]", "[0,2]")}), 2);
  bytes.back() = '\2';
  EXPECT_TRUE(reading_refuses(bytes, "tensor \"a\"", "neither 0 nor 1"));
}

TEST(WriteSafetensors, WritesTheReferencesBytes) {
  const Scratch scratch;
  const StateDict tensors = {{"b", Array::of<float>({1}, {1})},
                             {"a", Array::of<float>({}, {2})},
                             {"wide", Array::of<double>({1}, {0})},
                             {"byte\n", Array::of<std::uint8_t>({1}, {7})}};
  write_safetensors(scratch / "m", tensors, {{"format", "pt"}});
  const std::string header =
      R"({"__metadata__":{"format":"pt"},"wide":{"dtype":"F64","shape":[1],"data_offsets":[0,8]},)"
      R"("a":{"dtype":"F32","shape":[],"data_offsets":[8,12]},)"
      R"("b":{"dtype":"F32","shape":[1],"data_offsets":[12,16]},)"
      R"("byte\n":{"dtype":"U8","shape":[1],"data_offsets":[16,17]}})";
  const std::string bytes = bytes_of(scratch / "m");
  const std::size_t padded = (header.size() + 7) / 8 * 8;
  ASSERT_EQ(bytes.size(), 8 + padded + 17);
  EXPECT_EQ(bytes.substr(8, header.size()), header);
  EXPECT_EQ(bytes.substr(8 + header.size(), padded - header.size()),
            std::string(padded - header.size(), ' '));
  EXPECT_EQ(bytes.substr(8 + padded + 8), std::string("\0\0\0\x40\0\0\x80\x3F\x07", 9));
}

TEST(WriteSafetensors, RefusesWhatHasNoPlaceInAFile) {
  const Scratch scratch;
  const auto path = scratch / "m";
  EXPECT_TRUE(refuses(
      [&] {
        write_safetensors(path, {{"a", Array::declared(DType::float32, {2})}});
      },
      "tensor \"a\" has no values"));
  EXPECT_TRUE(refuses(
      [&] {
        write_safetensors(path, {{"\xFF", Array(DType::int8, {1})}});
      },
      "not valid UTF-8"));
  EXPECT_TRUE(refuses(
      [&] {
        write_safetensors(path, {{"__metadata__", Array(DType::int8, {1})}});
      },
      "__metadata__"));
  EXPECT_EQ(scratch.files(), 0U);
}

}  // namespace
}  // namespace onestep
