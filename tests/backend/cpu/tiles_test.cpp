#include "onestep/backend/cpu/products/tiles.h"

#include "onestep/backend/cpu/arena.h"
#include "onestep/backend/cpu/cpu_backend.h"

#include <gtest/gtest.h>

#include <memory>
#include <optional>
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

/// A random layer of `input` to `outputs` channels comes out alike by tiles on `threads` threads.
void expect_as_direct(const std::string& name,
                      const Extent& input,
                      std::int64_t outputs,
                      int threads,
                      double tolerance) {
  RandomLayers random(name);
  const Array map = random.array({input.batch, input.height, input.width, input.channels});
  Conv conv = random.conv(outputs, input.channels, {3, 3});
  conv.padding = Padding::around(1);
  const Array direct =
      convolved({.threads = 2, .conv_algorithm = ConvAlgorithm::direct}, map, conv);
  for (const std::string& simd : cpu_simd_targets()) {
    const Array tiles = convolved(
        {.threads = threads, .simd = simd, .conv_algorithm = ConvAlgorithm::tiles}, map, conv);
    EXPECT_TRUE(agrees(tiles, direct, tolerance)) << simd;
  }
}

// Several ranges of filters, each in several passes.
TEST(Tiles, AgreeWithTheDirectProductOfManyColumns) {
  expect_as_direct("wide", {1, 33, 40, 704}, 736, 1, 1e-5);  // measured 3.2e-6
}

// 33 MiB, which are written past the caches, with tiles that reach beyond the map.
TEST(Tiles, WriteMapsThatNoCacheKeeps) {
  expect_as_direct("large", {1, 519, 521, 32}, 32, 2, 5e-6);  // measured 1.3e-6
}

// Of maps of few tiles and of many, cropped, doubled, with channels far from zero: there (measured
// 9e-6) a value is itself rounded by 1.5e-5 of the deviation.
TEST(Tiles, GatherTheStatisticsOfWhatTheyWrite) {
  struct Layer {
    std::string name;
    Extent input;
    std::optional<MapSize> doubled = std::nullopt;
    double shift = 0;
    double tolerance = 1e-6;  // measured 2e-7
  };
  for (const Layer& layer : {Layer{"few", {2, 17, 19, 64}},
                             {"many", {2, 61, 83, 64}},
                             {"doubled", {2, 23, 41, 64}, MapSize{46, 82}},
                             {"cropped", {2, 23, 41, 64}, MapSize{45, 81}},
                             {"doubled, few", {1, 5, 6, 64}, MapSize{10, 12}},
                             {"shifted", {1, 61, 83, 64}, std::nullopt, 300, 2e-5}}) {
    RandomLayers random(layer.name);
    const Array map = random.array(
        {layer.input.batch, layer.input.height, layer.input.width, layer.input.channels});
    constexpr std::int64_t kOutputs = 44;
    Conv conv = random.conv(kOutputs, 64, {3, 3});
    conv.padding = Padding::around(1);
    conv.upsample = layer.doubled.has_value();
    conv.bias = random.array({kOutputs}, 1, layer.shift);
    GroupNorm norm = random.group_norm(kOutputs, 4);
    const MapSize size = layer.doubled.value_or(MapSize{layer.input.height, layer.input.width});
    const Array residual = random.array({layer.input.batch, size.height, size.width, kOutputs});
    for (const std::string& simd : cpu_simd_targets()) {
      CpuWorkspace workspace({.threads = 2, .simd = simd, .conv_algorithm = ConvAlgorithm::tiles});
      const auto preparer = make_cpu_preparer(workspace);
      preparer->prepare("conv", conv);
      preparer->prepare("norm", norm);
      onestep::Run run;
      const auto backend = make_cpu_backend(run, workspace);
      const Tensor written =
          backend->conv2d(backend->upload(map), conv,
                          {.residual = backend->upload(residual), .output_size = layer.doubled});
      ASSERT_GT(cpu::view(written).moments->parts, 0);
      const Tensor uploaded = backend->upload(backend->download(written));
      ASSERT_EQ(cpu::view(uploaded).moments->parts, 0);
      EXPECT_TRUE(agrees(backend->download(backend->group_norm(written, norm)),
                         backend->download(backend->group_norm(uploaded, norm)), layer.tolerance))
          << layer.name << " " << simd;
    }
  }
}

}  // namespace
}  // namespace onestep::testing
