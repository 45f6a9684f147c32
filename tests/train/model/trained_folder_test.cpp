#include "onestep/train/model/trained_folder.h"

#include "testing/golden.h"

#include <gtest/gtest.h>

#include "pipelines/checkpoint_copy.h"

namespace onestep {
namespace {

TEST(TrainedFolder, RefusesNumbersThatHalfPrecisionDoesNotHold) {
  const testing::TemporaryFolder temporary;
  const auto start = DiffusersFolder::open(testing::golden_root() + "/models/tiny_e2e_depth");
  TrainedFolder trained{.start = start, .weights = DType::float16};
  trained.unet = start.read_state("unet");
  const std::string key = "conv_in.bias";
  Array large(DType::float32, trained.unet.at(key).shape());
  large.mutable_view<float>()[0] = 70000.0F;
  trained.unet[key] = large;
  const std::filesystem::path folder = temporary.path() / "model";
  const std::string message = testing::error_of([&] { write_trained_estimator(folder, trained); });
  EXPECT_TRUE(testing::contains(message, key)) << message;
  EXPECT_TRUE(testing::contains(message, "float32")) << message;
  EXPECT_FALSE(std::filesystem::exists(folder));
}

}  // namespace
}  // namespace onestep
