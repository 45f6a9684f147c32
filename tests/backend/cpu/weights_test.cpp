#include "onestep/backend/cpu/products/weights.h"

#include "onestep/backend/cpu/cpu_backend.h"
#include "onestep/backend/cpu/workspace.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace onestep::testing {
namespace {

using Bytes = std::vector<std::byte>;

/// A weight's value number `i`, which all three dtypes hold exactly.
float value_at(std::int64_t i) {
  return static_cast<float>(i * 7 % 255 - 127);
}

/// Those values in bytes that begin at an odd address and end with
/// the memory, as weights may in a file.
Array weight_of(DType dtype, const Shape& shape, std::shared_ptr<Bytes>& bytes) {
  Array values(DType::float32, shape);
  std::int64_t i = 0;
  for (float& value : values.mutable_view<float>()) value = value_at(i++);
  const Array stored = values.to(dtype);
  const auto size = static_cast<std::size_t>(stored.bytes());
  bytes = std::make_shared<Bytes>(size + 3);
  std::copy_n(stored.data(), size, bytes->data() + 3);
  return Array::borrowed(dtype, shape, bytes->data() + 3, bytes);
}

/// [panel][tap][channel][column], as WeightMatrix::widen() documents it.
std::vector<float> expected_panels(const cpu::WeightMatrix& matrix, std::int64_t block) {
  const cpu::DepthBlocks& blocks = matrix.blocks;
  std::vector<float> result;
  for (std::int64_t first = 0; first < matrix.padded; first += matrix.panel) {
    const std::int64_t end = std::min(first + matrix.panel, matrix.padded);
    for (std::int64_t tap = 0; tap < blocks.taps; ++tap) {
      for (std::int64_t c = 0; c < blocks.length(block); ++c) {
        for (std::int64_t column = first; column < end; ++column) {
          const std::int64_t at =
              (column * blocks.channels + blocks.first(block) + c) * blocks.taps + tap;
          result.push_back(column < matrix.columns ? value_at(at) : 0.0F);
        }
      }
    }
  }
  return result;
}

TEST(WeightMatrix, WidensPanelsFromBytesAtAnyAddress) {
  for (const std::string& simd : cpu_simd_targets()) {
    CpuWorkspace workspace({.threads = 2, .simd = simd});
    CpuWorkspace::State& state = workspace.state();
    for (const DType dtype : {DType::float16, DType::bfloat16, DType::float32}) {
      // Depths that end within a vector and within a piece, several blocks, columns of part panels.
      for (const Shape& shape : {Shape{33, 5, 3, 3}, Shape{40, 149, 3, 3}, Shape{1, 3},
                                 Shape{17, 1281}, Shape{64, 128}}) {
        std::shared_ptr<Bytes> bytes;
        const Array weight = weight_of(dtype, shape, bytes);
        const cpu::WeightMatrix matrix =
            cpu::weight_matrix("w", weight, 2 * state.kernels.lanes, state.pool);
        EXPECT_EQ(matrix.source.data(), bytes->data() + 3) << "weights are not copied";
        for (std::int64_t block = 0; block < matrix.blocks.count(); ++block) {
          const std::vector<float> expected = expected_panels(matrix, block);
          std::vector<float> got(expected.size(), -1.0F);
          matrix.widen(state.kernels, block, 0, matrix.padded, got.data());
          EXPECT_EQ(got, expected) << simd << ' ' << to_string(shape) << " block " << block;
        }
      }
    }
  }
}

}  // namespace
}  // namespace onestep::testing
