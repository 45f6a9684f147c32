#include "onestep/output/write_prediction.h"

#include "testing/file_size_limit.h"

#include <gtest/gtest.h>

#include <fstream>
#include <set>
#include <string>

#include "output/output_folder.h"

namespace onestep {
namespace {

using testing::FileSizeLimit;

class FullDisk : public testing::OutputFolder {};

TEST_F(FullDisk, LeavesNothingOnAFullDisk) {
  Estimator estimator = load("tiny_e2e_depth");
  const Prediction prediction = predict(estimator);
  const OutputOptions options = everything();
  const auto size_of_npy = static_cast<rlim_t>(prediction.map.bytes() + 128);
  std::string message;
  // Too small for the first file, and too small for the fourth (the intermediates) only.
  for (const rlim_t limit : {rlim_t{1000}, size_of_npy}) {
    try {
      const FileSizeLimit full_disk(limit);
      write_prediction(prediction, estimator, "photo.png", options);
      ADD_FAILURE() << "written in spite of the limit " << limit;
    } catch (const Error& error) {
      message = error.what();
    }
    EXPECT_EQ(names(options.folder), std::set<std::string>{}) << limit << ": " << message;
    EXPECT_NE(message.find(options.folder.string()), std::string::npos) << message;
    EXPECT_EQ(message.find(".onestep-"), std::string::npos) << message;
  }
}

TEST_F(FullDisk, LeavesOlderResultsWhenTheDiskIsFull) {
  Estimator estimator = load("tiny_e2e_depth");
  const Prediction prediction = predict(estimator);
  const OutputOptions options = everything();
  write_prediction(prediction, estimator, "photo.png", options);
  const std::set<std::string> before = names(options.folder);
  {
    const FileSizeLimit full_disk(static_cast<rlim_t>(prediction.map.bytes() + 128));
    EXPECT_THROW(write_prediction(prediction, estimator, "photo.png", options), Error);
  }
  EXPECT_EQ(names(options.folder), before);
}

TEST_F(FullDisk, NamesAFolderThatCannotBeMade) {
  Estimator estimator = load("tiny_e2e_depth");
  const Prediction prediction = predict(estimator);
  std::ofstream(folder_ / "taken") << "a file";
  OutputOptions options;
  options.folder = folder_ / "taken" / "below";
  try {
    write_prediction(prediction, estimator, "photo.png", options);
    ADD_FAILURE();
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("taken"), std::string::npos) << error.what();
  }
}

}  // namespace
}  // namespace onestep
