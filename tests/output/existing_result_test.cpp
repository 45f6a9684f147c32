#include "onestep/output/existing_result.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <optional>
#include <string>

#include "output/output_folder.h"

namespace onestep {
namespace {

class ExistingResults : public testing::OutputFolder {
 protected:
  std::filesystem::path description(const std::string& text, const std::string& name = "a.json") {
    std::ofstream(folder_ / name) << text;
    return folder_ / name;
  }
  OutputOptions here() const {
    OutputOptions options;
    options.folder = folder_;
    return options;
  }

  const std::string depth_ = R"({"prediction": {"modality": "depth"}})";
};

TEST_F(ExistingResults, SayWhatTheyAre) {
  for (const Modality modality : {Modality::depth, Modality::normals}) {
    const char* model = modality == Modality::depth ? "tiny_e2e_depth" : "tiny_e2e_normals";
    Estimator estimator = load(model);
    write_prediction(predict(estimator), estimator, "photo.png", here());
    EXPECT_EQ(modality_of_description(folder_ / "photo.json"), modality);
  }
}

TEST_F(ExistingResults, CountAsAbsentWhereNothingOfOursCanBeRead) {
  for (const std::string& text :
       {std::string(), std::string("not JSON"), std::string("[]"), std::string("{}"),
        std::string(R"({"prediction": 3})"), std::string(R"({"prediction": {"modality": 3}})"),
        std::string(R"({"prediction": {"modality": "colour"}})"), std::string(1 << 20, '['),
        depth_ + std::string(1 << 20, ' ')}) {
    EXPECT_EQ(modality_of_description(description(text)), std::nullopt) << text.substr(0, 50);
  }
  EXPECT_EQ(modality_of_description(folder_ / "missing.json"), std::nullopt);
  EXPECT_EQ(modality_of_description(folder_), std::nullopt);
  ASSERT_EQ(mkfifo((folder_ / "pipe.json").c_str(), 0600), 0);
  EXPECT_EQ(modality_of_description(folder_ / "pipe.json"), std::nullopt);
}

TEST_F(ExistingResults, AreInTheWayOfTheOtherModalityAlone) {
  description(depth_);
  EXPECT_FALSE(result_of_other_modality("a", Modality::depth, here()));
  EXPECT_FALSE(result_of_other_modality("b", Modality::normals, here()));
  const auto found = result_of_other_modality("a", Modality::normals, here());
  ASSERT_TRUE(found);
  EXPECT_EQ(found->description, folder_ / "a.json");
  EXPECT_EQ(found->modality, Modality::depth);
}

TEST_F(ExistingResults, AreInTheWayOfFilesWhoseNamesDoNotTellTheModality) {
  description(depth_);
  OutputOptions options = here();
  const auto in_the_way = [&] {
    return result_of_other_modality("a", Modality::normals, options).has_value();
  };
  options.formats = {OutputFormat::npy, OutputFormat::color};
  EXPECT_FALSE(in_the_way());
  options.uncertainty = true;
  EXPECT_TRUE(in_the_way());
  options.uncertainty = false;
  options.intermediates = true;
  EXPECT_TRUE(in_the_way());
  options.modality_in_every_name = true;
  EXPECT_FALSE(in_the_way());
}

}  // namespace
}  // namespace onestep
