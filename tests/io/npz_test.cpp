#include "onestep/io/numpy/npz.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "io/npz_builder.h"
#include "io/scratch.h"

namespace onestep {
namespace {

/// The bytes of an .npy file.
std::string npy(const Array& array) {
  const Scratch scratch;
  write_npy(scratch / "a.npy", array);
  return bytes_of(scratch / "a.npy");
}

Array ramp(const Shape& shape) {
  Array array(DType::float32, shape);
  float value = 0;
  for (float& element : array.mutable_view<float>()) element = value += 0.5F;
  return array;
}

bool same(const Array& a, const Array& b) {
  return a.dtype() == b.dtype() && a.shape() == b.shape() &&
         std::equal(a.data(), a.data() + a.bytes(), b.data());
}

template <typename... Parts>
::testing::AssertionResult decoding_refuses(const std::string& bytes, const Parts&... parts) {
  return refuses([&] { decode_npz(as_bytes(bytes), "a.npz", "depth"); }, "a.npz: ", parts...);
}

TEST(ReadNpz, FindsTheArrayOfTheNameStoredOrDeflated) {
  const Array depth = ramp({40, 30});
  for (const bool deflated : {false, true}) {
    const std::string bytes = NpzBuilder()
                                  .add("mask.npy", npy(ramp({2})), {.deflated = deflated})
                                  .add("depth.npy", npy(depth), {.deflated = deflated})
                                  .end();
    EXPECT_TRUE(same(decode_npz(as_bytes(bytes), "a.npz", "depth"), depth));
  }
}

TEST(ReadNpz, TakesTheOnlyArrayWhateverItsName) {
  const std::string bytes =
      NpzBuilder().add("readme.txt", "metres").add("arr_0.npy", npy(ramp({3, 2}))).end();
  EXPECT_TRUE(same(decode_npz(as_bytes(bytes), "a.npz", "depth"), ramp({3, 2})));
}

TEST(ReadNpz, ListsTheNamesWhereItCannotChoose) {
  const std::string bytes =
      NpzBuilder().add("d.npy", npy(ramp({2}))).add("n.npy", npy(ramp({2}))).end();
  EXPECT_TRUE(decoding_refuses(bytes, "no array \"depth\"", "2 others: d, n"));
  EXPECT_TRUE(decoding_refuses(NpzBuilder().add("a.txt", "x").end(), "holds no arrays"));
}

TEST(ReadNpz, TellsTheHeaderWithoutTheElements) {
  const Array array = ramp({300, 200});  // beyond what a header's reader unpacks
  const std::string bytes = NpzBuilder().add("depth.npy", npy(array), {.deflated = true}).end();
  const Scratch scratch;
  const auto path = scratch.file("a.npz", bytes);
  const ArrayHeader header = read_npz_header(path, "depth");
  EXPECT_EQ(header.shape, array.shape());
  EXPECT_EQ(header.dtype, DType::float32);
  EXPECT_TRUE(same(read_npz(path, "depth"), array));
}

TEST(ReadNpz, RefusesDamagedFiles) {
  const std::string data = npy(ramp({50}));
  const std::string whole = NpzBuilder().add("depth.npy", data).end();
  EXPECT_TRUE(decoding_refuses("not a zip", "is not an .npz file"));
  EXPECT_TRUE(decoding_refuses("", "is not an .npz file"));
  EXPECT_TRUE(decoding_refuses(whole.substr(0, whole.size() / 2), "is the download complete?"));
  EXPECT_TRUE(decoding_refuses(NpzBuilder().add("depth.npy", data, {.wrong_crc = 1}).end(),
                               "depth is damaged"));
  EXPECT_TRUE(decoding_refuses(NpzBuilder().add("depth.npy", data, {.flags = 1}).end(),
                               "depth is encrypted"));
  EXPECT_TRUE(decoding_refuses(NpzBuilder().add("depth.npy", "abcdefgh").end(),
                               "depth: is not an .npy file"));
}

TEST(ReadNpz, RefusesSizesThatTheFileCannotHold) {
  const NpzBuilder::Entry entry = {.deflated = true, .said_unpacked = 4'000'000'000U};
  const std::string bytes = NpzBuilder().add("depth.npy", npy(ramp({50})), entry).end();
  EXPECT_TRUE(decoding_refuses(bytes, "more than it can hold"));
  const NpzBuilder::Entry longer = {.deflated = true, .said_unpacked = 400};
  EXPECT_TRUE(decoding_refuses(NpzBuilder().add("depth.npy", npy(ramp({50})), longer).end(),
                               "depth is damaged"));
}

TEST(ReadNpz, RefusesEveryByteThatIsWrongOrReadsTheSame) {
  const Array array = ramp({4, 5});
  const std::string bytes = NpzBuilder().add("depth.npy", npy(array), {.deflated = true}).end();
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    std::string changed = bytes;
    changed[i] = static_cast<char>(changed[i] ^ 0x55);
    try {
      EXPECT_TRUE(same(decode_npz(as_bytes(changed), "a.npz", "depth"), array)) << i;
    } catch (const Error&) {  // a refusal is a result
    }
  }
}

}  // namespace
}  // namespace onestep
