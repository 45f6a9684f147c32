#include "onestep/backend/plan/plan_backend.h"

#include "onestep/backend/plain/plain_backend.h"
#include "onestep/base/check.h"

#include <gtest/gtest.h>

#include "backend/cases/random_layers.h"

namespace onestep {
namespace {

constexpr std::int64_t kUnit = OffsetAllocator::kAlignment;

/// One unit of the arena per channel, whatever the map.
StorageBytes unit_per_channel() {
  return [](const Extent& extent) { return extent.channels * kUnit; };
}

Linear declared_linear(std::int64_t outputs, std::int64_t inputs) {
  Linear linear;
  linear.weight = Array::declared(DType::float16, {outputs, inputs});
  return linear;
}

Array declared(Shape shape) {
  return Array::declared(DType::float32, std::move(shape));
}

TEST(PlanBackend, PeaksWhereMostIsHeldAtOnce) {
  onestep::Run run;
  PlanBackend plan(run, unit_per_channel());
  const Linear wide = declared_linear(5, 2);
  const Linear narrow = declared_linear(1, 5);
  Tensor x = plan.upload(declared({1, 2}));
  EXPECT_EQ(plan.peak_bytes(), 2 * kUnit);
  x = plan.linear(x, wide);  // 2 + 5, then the 2 are free
  EXPECT_EQ(plan.peak_bytes(), 7 * kUnit);
  x = plan.linear(x, narrow);  // the 1 lies where the 2 were
  EXPECT_EQ(plan.peak_bytes(), 7 * kUnit);
  const Tensor y = plan.concat_channels(x, x);  // 1 + 2, in the hole
  EXPECT_EQ(plan.peak_bytes(), 7 * kUnit);
}

TEST(PlanBackend, KeepsWhatAHandleStillHolds) {
  onestep::Run run;
  PlanBackend plan(run, unit_per_channel());
  const Tensor skip = plan.upload(declared({1, 3}));
  Tensor h = plan.activate(skip, Activation::silu);
  h = plan.activate(h, Activation::silu);
  EXPECT_EQ(plan.peak_bytes(), 9 * kUnit);
  h = plan.activate(h, Activation::silu);  // where the first result was
  EXPECT_EQ(plan.peak_bytes(), 9 * kUnit);
  h = plan.add(h, skip);
  EXPECT_EQ(plan.peak_bytes(), 9 * kUnit);
}

TEST(PlanBackend, CountsAnOptionsOperandUntilTheOperationEnds) {
  onestep::Run run;
  PlanBackend plan(run, unit_per_channel());
  const Linear square = declared_linear(3, 3);
  const Tensor x = plan.upload(declared({1, 3}));
  const Tensor y =
      plan.linear(x, square, {.residual = plan.activate(x, Activation::gelu)});  // 3 + 3 + 3
  EXPECT_EQ(plan.peak_bytes(), 9 * kUnit);
  const Tensor z = plan.add(x, y);  // in the residual's place
  EXPECT_EQ(plan.peak_bytes(), 9 * kUnit);
}

TEST(PlanBackend, OutlivedByItsTensors) {
  Tensor x;
  {
    onestep::Run run;
    PlanBackend plan(run, unit_per_channel());
    x = plan.upload(declared({1, 3}));
  }
  EXPECT_EQ(x.channels(), 3);
  x = {};
}

TEST(PlanBackend, NeedsAFunctionForTheBytes) {
  onestep::Run run;
  EXPECT_THROW(PlanBackend(run, nullptr), Error);
}

TEST(PlanBackend, CountsAsThePlainLoopsOnAChainOfOperations) {
  testing::RandomLayers random("chain");
  Conv down = random.conv(8, 4, {3, 3});
  down.stride = 2;
  down.padding = {.top = 0, .bottom = 1, .left = 0, .right = 1};
  Conv up = random.conv(4, 8, {3, 3});
  up.padding = Padding::around(1);
  up.upsample = true;
  const GroupNorm norm = random.group_norm(8, 2);
  const Linear widen = random.linear(16, 8);
  const Array image = random.array({2, 7, 9, 4});
  const Array text = random.array({1, 3, 8});
  const auto chain = [&](Backend& backend) {
    const Tensor x = backend.upload(image);
    const Tensor keys = backend.upload(text);
    Tensor h = backend.conv2d(x, down);
    h = backend.linear(h, widen, {.group_norm = &norm, .activation = Activation::geglu});
    h = backend.attention(h, h, h, 2);
    h = backend.attention(h, keys, keys, 4);
    return backend.download(backend.conv2d(h, up, {.norm = &norm, .output_size = MapSize{5, 7}}));
  };
  onestep::Run plain_run;
  PlainBackend plain(plain_run);
  const Array result = chain(plain);
  onestep::Run plan_run;
  PlanBackend plan(plan_run, unit_per_channel());
  EXPECT_EQ(chain(plan).shape(), result.shape());
  const double tokens = 3 * 4;  // (7 + 1 - 3) / 2 + 1 rows, (9 + 1 - 3) / 2 + 1 columns
  const double by_hand = 2 * (tokens * 8 * 4 * 9 + tokens * 8 * 16 + tokens * tokens * 8 * 2 +
                              tokens * 3 * 8 * 2 + 5 * 7 * 4 * 8 * 9);
  EXPECT_EQ(plan_run.multiply_adds, by_hand);
  EXPECT_EQ(plan_run.multiply_adds, plain.executed_multiply_adds());
  EXPECT_EQ(plan_run.multiply_adds, plain_run.multiply_adds);
}

}  // namespace
}  // namespace onestep
