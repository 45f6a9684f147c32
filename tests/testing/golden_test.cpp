#include "testing/golden.h"

#include "onestep/base/check.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <limits>
#include <set>
#include <sstream>
#include <string>
#include <vector>

namespace onestep::testing {
namespace {

/// The groups that test programs loop over, as golden_cases("GROUP").
const std::set<std::string>& run_groups() {
  static const std::set<std::string> groups = {
      "model",     "e2e",      "random",          "timesteps",  "alphas",
      "ddim_step", "lcm_step", "forward_process", "block",      "resize",
      "resize_u8", "clip",     "picture",         "ensembling", "alignment_objective",
      "pipeline",  "prepare"};
  return groups;
}

/// All test sources but this one, in one string.
std::string test_sources() {
  std::string text;
  const std::filesystem::path root = ONESTEP_SOURCE_DIR "/tests";
  for (const auto& entry : std::filesystem::recursive_directory_iterator(root)) {
    if (entry.path().extension() != ".cpp" || entry.path().filename() == "golden_test.cpp") {
      continue;
    }
    std::ifstream file(entry.path());
    std::ostringstream content;
    content << file.rdbuf();
    text += content.str();
  }
  return text;
}

/// [1,2,7,5], atol 4e-06.
GoldenCase resize_case() {
  return golden_case("resize.13x9_to_7x5.bilinear.antialias");
}

Array with_change(const Array& array, std::size_t index, float change) {
  const auto view = array.view<float>();
  std::vector<float> values(view.begin(), view.end());
  values[index] += change;
  return Array::of<float>(array.shape(), values);
}

TEST(GoldenCases, AreEachRunOrListedAsNotYetRun) {
  const std::set<std::string> listed(not_yet_run().begin(), not_yet_run().end());
  for (const GoldenCase& golden : all_golden_cases()) {
    const bool group_is_run = run_groups().count(golden.group) != 0;
    if (!group_is_run) {
      EXPECT_EQ(listed.count(golden.id), 1U)
          << golden.id << ": no program runs group " << golden.group
          << " and not_yet_run.txt does not list it";
    }
  }
}

TEST(GoldenCases, OfARunGroupAreNotAllListed) {
  for (const std::string& group : run_groups()) {
    EXPECT_NO_THROW(golden_cases(group)) << group;
  }
}

TEST(GoldenCases, OfEveryRunGroupAreLoopedOverByATest) {
  const std::string sources = test_sources();
  for (const std::string& group : run_groups()) {
    EXPECT_NE(sources.find("golden_cases(\"" + group + "\")"), std::string::npos)
        << "no test calls golden_cases(\"" << group << "\")";
  }
}

TEST(GoldenCases, HaveUniqueIds) {
  std::set<std::string> ids;
  for (const GoldenCase& golden : all_golden_cases()) {
    EXPECT_TRUE(ids.insert(golden.id).second) << golden.id;
  }
}

TEST(NotYetRun, ListsKnownCasesOnce) {
  std::set<std::string> known;
  for (const GoldenCase& golden : all_golden_cases()) known.insert(golden.id);
  std::set<std::string> listed;
  for (const std::string& id : not_yet_run()) {
    EXPECT_EQ(known.count(id), 1U) << "unknown case " << id;
    EXPECT_TRUE(listed.insert(id).second) << id << " is listed twice";
  }
}

/// What may stay without a run: the vision tower and its preparation, the tokenizers and Pillow's
/// resizing, which no pipeline here has, and intrinsic images, which none predicts.
bool is_of_something_else(const std::string& id) {
  const auto starts = [&](const char* prefix) { return id.rfind(prefix, 0) == 0; };
  return starts("clip.vision_") || starts("prepare_clip.") || id.ends_with(".tokenizer") ||
         starts("resize_pil.") || starts("resize_pil_float.") || starts("ensembling.intrinsics4.");
}

TEST(NotYetRun, ListsWhatNoPipelineHasAndTwoCasesMadeOfRoundingNoise) {
  // Note [Shifts by rounding noise] in tests/pipelines/ensemble/ensembling_golden_test.cpp.
  std::set<std::string> allowed = {"ensembling.depth3.affine_mean",
                                   "ensembling.depth4.affine_mean"};
  for (const GoldenCase& golden : all_golden_cases()) {
    if (is_of_something_else(golden.id)) allowed.insert(golden.id);
  }
  EXPECT_EQ(std::set<std::string>(not_yet_run().begin(), not_yet_run().end()), allowed);
}

TEST(NotYetRun, IsLeftOutOfTheGroupsThatRun) {
  const std::set<std::string> listed(not_yet_run().begin(), not_yet_run().end());
  for (const std::string& group : run_groups()) {
    for (const GoldenCase& golden : golden_cases(group)) {
      EXPECT_EQ(listed.count(golden.id), 0U) << golden.id;
    }
  }
}

TEST(GoldenCases, OfAGroupThatIsNotRunAreAnError) {
  EXPECT_THROW(golden_cases("resize_pil"), Error);
  EXPECT_THROW(golden_cases("no such group"), Error);
  EXPECT_THROW(golden_case("no.such.case"), Error);
}

TEST(GoldenCase, HoldsTheTensorsOfItsShapes) {
  const GoldenCase golden = resize_case();
  EXPECT_TRUE(golden.has_input("image"));
  EXPECT_FALSE(golden.has_input("mask"));
  EXPECT_EQ(golden.input("image").shape(), (Shape{1, 2, 13, 9}));
  EXPECT_EQ(golden.expected("image").shape(), (Shape{1, 2, 7, 5}));
  EXPECT_THROW(golden.input("mask"), Error);
}

TEST(GoldenCase, RefusesANumberWhereATensorIsAsked) {
  const GoldenCase golden = golden_case("alphas.linear.0.0001.0.02");
  EXPECT_THROW(golden.expected("final_alpha_cumprod"), Error);
}

TEST(GoldenCase, HasWeightsWithoutTheirPrefix) {
  const StateDict weights = golden_case("block.unet_class_projection").weights();
  EXPECT_EQ(weights.count("conv_in.weight"), 1U);
  EXPECT_EQ(weights.at("conv_in.weight").dtype(), DType::float16);
}

TEST(Matches, AcceptsTheToleranceAndNoMore) {
  const GoldenCase golden = resize_case();
  const Array expected = golden.expected("image");
  EXPECT_TRUE(matches(golden, "image", expected));
  EXPECT_TRUE(matches(golden, "image", expected.to(DType::float64).reshaped({70})));
  EXPECT_TRUE(matches(golden, "image", with_change(expected, 69, 3e-6F)));
  const auto result = matches(golden, "image", with_change(expected, 36, 1e-5F));
  EXPECT_FALSE(result);
  const std::string message = result.message();
  EXPECT_NE(message.find(golden.id), std::string::npos) << message;
  EXPECT_NE(message.find("1 of 70"), std::string::npos) << message;
  EXPECT_NE(message.find("[0,1,0,1]"), std::string::npos) << message;
}

TEST(Matches, RefusesNanAndOtherSizes) {
  const GoldenCase golden = resize_case();
  const float nan = std::numeric_limits<float>::quiet_NaN();
  EXPECT_FALSE(matches(golden, "image", with_change(golden.expected("image"), 0, nan)));
  EXPECT_FALSE(matches(golden, "image", Array(DType::float32, {69})));
}

TEST(Matches, AllowsTheStatedFractionOfOutliers) {
  const GoldenCase golden = golden_case("resize_u8.40x56_to_29x41.bilinear");
  const Array expected = golden.expected("image").to(DType::float32);
  Array got = with_change(expected, 5, 9.0F);
  EXPECT_TRUE(matches(golden, "image", got));  // 1 % of 3567 values may lie anywhere
  const auto values = got.mutable_view<float>();
  for (std::size_t i = 0; i < 36; ++i) values[i] += 40.0F;
  EXPECT_FALSE(matches(golden, "image", got));
}

TEST(MaxDifference, IsInfiniteForNanAndOtherSizes) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  const Array a = Array::of<float>({2}, {1, 2});
  EXPECT_EQ(max_difference(a, Array::of<float>({1, 2}, {1, 4})), 2.0);
  EXPECT_EQ(max_difference(a, Array::of<float>({1}, {1})), kInfinity);
  EXPECT_EQ(max_difference(a, Array::of<float>({2}, {1, std::numeric_limits<float>::quiet_NaN()})),
            kInfinity);
}

TEST(TestName, HasOnlyLettersDigitsAndUnderscores) {
  EXPECT_EQ(test_name("resize.13x9_to_7x5.nearest-exact"), "resize_13x9_to_7x5_nearest_exact");
}

}  // namespace
}  // namespace onestep::testing
