#include "onestep/io/checksum.h"

#include <gtest/gtest.h>

#include "io/scratch.h"

namespace onestep {
namespace {

TEST(Checksum, IsTheCrc32OfTheStandardsExample) {
  EXPECT_EQ(checksum(as_bytes("123456789")), 0xCBF43926U);
  EXPECT_EQ(checksum(as_bytes("")), 0U);
}

TEST(Checksum, GoesOnFromTheBytesBefore) {
  EXPECT_EQ(checksum(as_bytes("6789"), checksum(as_bytes("12345"))), 0xCBF43926U);
}

}  // namespace
}  // namespace onestep
