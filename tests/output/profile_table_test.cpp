#include "onestep/output/profile_table.h"

#include <gtest/gtest.h>

namespace onestep::testing {
namespace {

TEST(ProfileTable, ListsStagesOperationsAndTheRest) {
  Prediction prediction;
  prediction.seconds = {.prepare = 0.25, .encode = 1.5, .denoise = 1, .decode = 1, .finish = 0.25};
  prediction.operations = {{"encode", "attention", 1, 5e8, 0.25},
                           {"encode", "conv2d 3x3", 12, 50e9, 1},
                           {"denoise", "add", 3, 0, 0.875},
                           {"decode", "linear", 2, 1e9, 1}};
  EXPECT_EQ(profile_table(prediction),
            "                         seconds    share  calls      GMAC  GFLOP/s\n"
            "prepare                    0.250    6.2 %\n"
            "encode                     1.500   37.5 %\n"
            "  conv2d 3x3               1.000   25.0 %     12     50.00      100\n"
            "  attention                0.250    6.2 %      1      0.50        4\n"
            "  other                    0.250    6.2 %\n"
            "denoise                    1.000   25.0 %\n"
            "  add                      0.875   21.9 %      3\n"
            "  other                    0.125    3.1 %\n"
            "decode                     1.000   25.0 %\n"
            "  linear                   1.000   25.0 %      2      1.00        2\n"
            "  other                    0.000    0.0 %\n"
            "finish                     0.250    6.2 %\n"
            "whole                      4.000  100.0 %\n"
            "in no operation            0.875   21.9 %\n");
}

}  // namespace
}  // namespace onestep::testing
