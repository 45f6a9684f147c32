#include "onestep/backend/cpu/products/tiles.h"

#include "onestep/backend/cpu/cpu_backend.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "backend/cases/operation_cases.h"
#include "backend/cases/random_layers.h"

namespace onestep::testing {
namespace {

/// A layer of `map` by one algorithm.
Array convolved(const CpuOptions& options, const Array& map, Conv conv) {
  CpuWorkspace workspace(options);
  make_cpu_preparer(workspace)->prepare("conv", conv);
  onestep::Run run;
  const auto backend = make_cpu_backend(run, workspace);
  return backend->download(backend->conv2d(backend->upload(map), conv));
}

// 33 MiB, which are written past the caches, with tiles that reach beyond the map.
TEST(Tiles, WriteMapsThatNoCacheKeeps) {
  RandomLayers random("large");
  const Array map = random.array({1, 519, 521, 32});
  Conv conv = random.conv(32, 32, {3, 3});
  conv.padding = Padding::around(1);
  const Array direct =
      convolved({.threads = 2, .conv_algorithm = ConvAlgorithm::direct}, map, conv);
  for (const std::string& simd : cpu_simd_targets()) {
    const Array tiles =
        convolved({.threads = 2, .simd = simd, .conv_algorithm = ConvAlgorithm::tiles}, map, conv);
    EXPECT_TRUE(agrees(tiles, direct, 5e-6)) << simd;  // measured 1.3e-6
  }
}

}  // namespace
}  // namespace onestep::testing
