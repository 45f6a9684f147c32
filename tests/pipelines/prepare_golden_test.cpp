#include "onestep/pipelines/stages/prepared_image.h"

#include "testing/golden.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <vector>

namespace onestep {
namespace {

TEST(PreparedImage, AgreesWithDiffusersImageProcessor) {
  for (const testing::GoldenCase& golden : testing::golden_cases("prepare")) {
    SCOPED_TRACE(golden.id);
    const auto& params = golden.params();
    const Array rgb = golden.input("image");
    const ProcessedSizes sizes =
        processed_sizes(Pipeline::marigold, rgb.size(0), rgb.size(1),
                        params.at("processing_resolution"), params.at("vae_scale_factor"));
    EXPECT_EQ((std::vector<std::int64_t>{sizes.padded.height - sizes.resized.height,
                                         sizes.padded.width - sizes.resized.width}),
              params.at("padding").get<std::vector<std::int64_t>>());
    const Array image =
        prepared_image(rgb, Pipeline::marigold, sizes,
                       resample_from_string(params.at("resample_method_input").get<std::string>()));
    EXPECT_TRUE(testing::matches(golden, "image", channels_first(image)));
  }
}

}  // namespace
}  // namespace onestep
