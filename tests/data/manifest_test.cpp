#include "onestep/data/manifest.h"

#include "onestep/io/float_images/exr.h"
#include "onestep/io/float_images/pfm.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "data/manifest_files.h"
#include "io/npz_builder.h"

namespace onestep {
namespace {

using Floats = std::vector<float>;

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
constexpr float kInfinity = std::numeric_limits<float>::infinity();

class Manifest : public ::testing::Test {
 protected:
  const ManifestFiles files_;
};

Floats floats_of(const Array& map) {
  const auto values = map.view<float>();
  return {values.begin(), values.end()};
}

std::vector<int> codes_of(const Array& map) {
  const auto values = map.view<std::uint8_t>();
  return {values.begin(), values.end()};
}

TEST_F(Manifest, ReadsTheLinesInTheirOrderWithTheirNames) {
  const auto opened = files_.open(
      "{\"image\": \"b.png\", \"depth\": \"depth.npy\"}\n\n"
      "{\"image\": \"" +
      (files_.scratch / "a.png").string() + "\", \"depth\": \"depth.npy\"}");
  ASSERT_EQ(opened.dataset->size(), 2);
  EXPECT_EQ(opened.dataset->name(0), "b.png (train.jsonl:1)");
  EXPECT_TRUE(opened.dataset->name(1).ends_with("a.png (train.jsonl:3)"));
  const Sample first = opened.dataset->read(0);
  EXPECT_EQ(first.image.view<std::uint8_t>()[5], 105);
  EXPECT_EQ(opened.dataset->read(1).image.view<std::uint8_t>()[5], 5);
  EXPECT_EQ(floats_of(first.depth_m), floats_of(ManifestFiles::ramp()));
  EXPECT_EQ(codes_of(first.mask), std::vector<int>(12, 1));
  EXPECT_EQ(first.normals.elements(), 0);
  EXPECT_TRUE(opened.warnings.empty());
}

TEST_F(Manifest, ReadsCsvWithTheSameColumns) {
  const auto path = files_.list(
      "\xEF\xBB\xBFimage,depth_scale,depth,mask\r\na.png,0.5,depth.npy,\r\n\"b.png\",,depth.npy,"
      "\r\n",
      "train.csv");
  const auto dataset = open_manifest(path, {}).dataset;
  ASSERT_EQ(dataset->size(), 2);
  EXPECT_EQ(dataset->name(1), "b.png (train.csv:3)");
  EXPECT_EQ(dataset->read(0).depth_m.view<float>()[3], 2.0F);
  EXPECT_EQ(dataset->read(1).depth_m.view<float>()[3], 4.0F);
}

TEST_F(Manifest, ReadsDepthOfEveryKindInMetres) {
  const Array ramp = ManifestFiles::ramp();
  Array millimetres(DType::uint16, ramp.shape());
  for (std::size_t i = 0; i < 12; ++i) {
    millimetres.mutable_view<std::uint16_t>()[i] = static_cast<std::uint16_t>(1000 * (i + 1));
  }
  write_png(files_.scratch / "d.png", millimetres);
  write_npy(files_.scratch / "d.npy", millimetres.to(DType::int64).reshaped({1, 3, 4}));
  write_pfm(files_.scratch / "d.pfm", millimetres.to(DType::float32));
  files_.scratch.file(
      "d.npz",
      NpzBuilder().add("x.npy", "").add("depth.npy", bytes_of(files_.scratch / "d.npy")).end());
  std::vector<std::string> names = {"d.png", "d.npy", "d.pfm", "d.npz"};
  if (exr_available()) {
    write_exr(files_.scratch / "d.exr", millimetres.to(DType::float32));
    names.emplace_back("d.exr");
  }
  for (const std::string& name : names) {
    const Sample sample = files_.sample("{\"image\": \"a.png\", \"depth\": \"" + name +
                                        "\", \"depth_scale\": 0.001}");
    EXPECT_EQ(floats_of(sample.depth_m), floats_of(ramp)) << name;
  }
}

TEST_F(Manifest, KnowsDepthWhereItIsFiniteAndPositive) {
  Array depth = ManifestFiles::ramp();
  const auto values = depth.mutable_view<float>();
  values[0] = 0;
  values[1] = -1;
  values[2] = kNan;
  values[3] = kInfinity;
  write_npy(files_.scratch / "d.npy", depth);
  const Sample sample = files_.sample("{\"image\": \"a.png\", \"depth\": \"d.npy\"}");
  EXPECT_EQ(codes_of(sample.mask), (std::vector<int>{0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1}));
  for (std::size_t i = 0; i < 4; ++i) EXPECT_EQ(sample.depth_m.view<float>()[i], 0.0F);
}

TEST_F(Manifest, HidesWhereTheMaskIsZero) {
  Array mask(DType::uint8, {3, 4});
  mask.mutable_view<std::uint8_t>()[2] = 1;
  mask.mutable_view<std::uint8_t>()[7] = 255;
  write_png(files_.scratch / "m.png", mask);
  write_npy(files_.scratch / "m.npy", mask.to(DType::boolean));
  for (const std::string name : {"m.png", "m.npy"}) {
    const Sample sample = files_.sample(
        "{\"image\": \"a.png\", \"depth\": \"depth.npy\", \"mask\": \"" + name + "\"}");
    EXPECT_EQ(codes_of(sample.mask), (std::vector<int>{0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0}))
        << name;
    EXPECT_EQ(sample.depth_m.view<float>()[0], 1.0F);  // the value itself stays
  }
}

TEST_F(Manifest, WarnsOfMasksThatHideEverything) {
  write_png(files_.scratch / "m.png", Array(DType::uint8, {3, 4}));
  const auto opened = files_.open(
      "{\"image\": \"a.png\", \"depth\": \"depth.npy\"}\n"
      "{\"image\": \"b.png\", \"depth\": \"depth.npy\", \"mask\": \"m.png\"}");
  ASSERT_EQ(opened.warnings.size(), 1U);
  EXPECT_NE(opened.warnings[0].find("train.jsonl:2: mask "), std::string::npos);
  EXPECT_NE(opened.warnings[0].find("zero everywhere"), std::string::npos);
  EXPECT_EQ(codes_of(opened.dataset->read(1).mask), std::vector<int>(12, 0));
}

/// 3x4 pixels of one colour.
Array coloured(const std::vector<std::uint8_t>& colour) {
  Array image(DType::uint8, {3, 4, 3});
  const auto codes = image.mutable_view<std::uint8_t>();
  for (std::size_t i = 0; i < codes.size(); ++i) codes[i] = colour[i % 3];
  return image;
}

const ManifestOptions kNormals = {.truth = Truth::normals};

TEST_F(Manifest, DecodesNormalsAndTurnsThemIntoFrameDsine) {
  // About (0.6, 0, 0.8): 255 * 0.8 = 204, 127.5, 255 * 0.9 = 229.5.
  write_png(files_.scratch / "n.png", coloured({204, 127, 230}));
  const auto first = [&](const std::string& frame) {
    const Sample sample =
        files_.sample("{\"image\": \"a.png\", \"normals\": \"n.png\"" + frame + "}", kNormals);
    EXPECT_EQ(sample.depth_m.elements(), 0);
    EXPECT_EQ(codes_of(sample.mask), std::vector<int>(12, 1));
    const Floats all = floats_of(sample.normals);
    EXPECT_NEAR(std::hypot(all[0], all[1], all[2]), 1, 1e-6);
    return Floats(all.begin(), all.begin() + 3);
  };
  const Floats dsine = first("");
  EXPECT_NEAR(dsine[0], 0.6, 0.01);
  EXPECT_NEAR(dsine[1], 0, 0.01);
  EXPECT_NEAR(dsine[2], 0.8, 0.01);
  EXPECT_EQ(first(", \"normals_frame\": \"dsine\""), dsine);
  EXPECT_EQ(first(", \"normals_frame\": \"opencv\""), (Floats{-dsine[0], -dsine[1], -dsine[2]}));
  EXPECT_EQ(first(", \"normals_frame\": \"opengl\""), (Floats{-dsine[0], dsine[1], dsine[2]}));
}

TEST_F(Manifest, ReadsNormalsOfEveryKind) {
  Array wide(DType::uint16, {3, 4, 3});
  Array floats(DType::float32, {3, 4, 3});
  for (std::size_t i = 0; i < 36; i += 3) {
    wide.mutable_view<std::uint16_t>()[i] = 65535;  // (1, -1, 1) / sqrt(3)
    wide.mutable_view<std::uint16_t>()[i + 2] = 65535;
    floats.mutable_view<float>()[i] = 2;  // not a unit vector
    floats.mutable_view<float>()[i + 1] = -2;
    floats.mutable_view<float>()[i + 2] = 2;
  }
  write_png(files_.scratch / "n.png", wide);
  write_npy(files_.scratch / "n.npy", floats.to(DType::float64));
  write_pfm(files_.scratch / "n.pfm", floats);
  files_.scratch.file("n.npz",
                      NpzBuilder().add("arr_0.npy", bytes_of(files_.scratch / "n.npy")).end());
  std::vector<std::string> names = {"n.png", "n.npy", "n.pfm", "n.npz"};
  if (exr_available()) {
    write_exr(files_.scratch / "n.exr", floats);
    names.emplace_back("n.exr");
  }
  const float third = std::sqrt(1.0F / 3);
  for (const std::string& name : names) {
    const Sample sample =
        files_.sample("{\"image\": \"a.png\", \"normals\": \"" + name + "\"}", kNormals);
    EXPECT_FLOAT_EQ(sample.normals.view<float>()[0], third) << name;
    EXPECT_FLOAT_EQ(sample.normals.view<float>()[1], -third) << name;
    EXPECT_FLOAT_EQ(sample.normals.view<float>()[2], third) << name;
  }
}

TEST_F(Manifest, DoesNotKnowNormalsThatAreZeroNanBlackOrGrey) {
  Array floats(DType::float32, {3, 4, 3});
  floats.mutable_view<float>()[3 * 5] = kNan;
  floats.mutable_view<float>()[3 * 7 + 2] = 1;
  write_npy(files_.scratch / "n.npy", floats);
  const Sample sample = files_.sample("{\"image\": \"a.png\", \"normals\": \"n.npy\"}", kNormals);
  EXPECT_EQ(codes_of(sample.mask), (std::vector<int>{0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0}));
  EXPECT_EQ(sample.normals.view<float>()[3 * 5], 0.0F);
  for (const std::uint8_t grey : {0, 127, 128}) {
    write_png(files_.scratch / "n.png", coloured({grey, grey, grey}));
    const Sample unknown =
        files_.sample("{\"image\": \"a.png\", \"normals\": \"n.png\"}", kNormals);
    EXPECT_EQ(codes_of(unknown.mask), std::vector<int>(12, 0)) << int{grey};
    EXPECT_EQ(floats_of(unknown.normals), Floats(36, 0.0F)) << int{grey};
  }
}

TEST_F(Manifest, TakesWhatIsThereWhereAnyTruthIsWanted) {
  write_png(files_.scratch / "n.png", coloured({204, 127, 230}));
  const auto dataset =
      files_
          .open(
              "{\"image\": \"a.png\"}\n"
              "{\"image\": \"a.png\", \"depth\": \"depth.npy\", \"normals\": \"n.png\"}",
              {.truth = Truth::any})
          .dataset;
  EXPECT_EQ(dataset->read(0).depth_m.elements(), 0);
  EXPECT_EQ(dataset->read(0).normals.elements(), 0);
  EXPECT_EQ(dataset->read(1).depth_m.elements(), 12);
  EXPECT_EQ(dataset->read(1).normals.elements(), 36);
}

TEST_F(Manifest, DoesNotTouchFilesOfTruthsThatAreNotWanted) {
  const std::string line =
      "{\"image\": \"a.png\", \"depth\": \"depth.npy\", \"normals\": \"none.png\"}";
  EXPECT_EQ(files_.sample(line).normals.elements(), 0);
}

TEST_F(Manifest, ResizesDepthAndMaskToTheNearestAndNormalsToUnitVectors) {
  Array depth(DType::float32, {4, 4});
  Array normals(DType::float32, {4, 4, 3});
  for (std::size_t i = 0; i < 16; ++i) {
    const bool right = i % 4 >= 2;
    depth.mutable_view<float>()[i] = right ? 8 : 2;
    if (i < 8) normals.mutable_view<float>()[3 * i + (right ? 0 : 2)] = 1;  // below: unknown
  }
  write_png(files_.scratch / "a.png", Array(DType::uint8, {4, 4, 3}));
  write_npy(files_.scratch / "d.npy", depth);
  write_npy(files_.scratch / "n.npy", normals);
  const std::string line = "{\"image\": \"a.png\", \"depth\": \"d.npy\", \"normals\": \"n.npy\"}";
  const Sample sample =
      files_.sample(line, {.truth = Truth::any, .size = PictureSize{.height = 2, .width = 6}});
  EXPECT_EQ(sample.image.shape(), (Shape{2, 6, 3}));
  EXPECT_EQ(floats_of(sample.depth_m), (Floats{2, 2, 2, 8, 8, 8, 2, 2, 2, 8, 8, 8}));
  EXPECT_EQ(codes_of(sample.mask), (std::vector<int>{1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0}));
  const auto vectors = sample.normals.view<float>();
  for (std::size_t i = 0; i < 36; i += 3) {
    const float length = std::hypot(vectors[i], vectors[i + 1], vectors[i + 2]);
    EXPECT_NEAR(length, i < 18 ? 1 : 0, 1e-6) << i;
  }
  EXPECT_EQ(vectors[2], 1.0F);
}

TEST_F(Manifest, NamesTheLineWhenAFileIsGone) {
  const auto dataset = files_.open("{\"image\": \"a.png\", \"depth\": \"depth.npy\"}").dataset;
  std::filesystem::remove(files_.scratch / "depth.npy");
  EXPECT_TRUE(refuses([&] { dataset->read(0); }, "train.jsonl:1: ", "depth.npy: cannot be opened"));
}

}  // namespace
}  // namespace onestep
