// AdamW, the schedule, clipping and accumulation against the reference.

#include "onestep/train/optimiser/window.h"

#include <cmath>
#include <limits>
#include <vector>

#include "train/training_samples.h"

namespace onestep::testing {
namespace {

at::TensorOptions doubles() {
  return at::TensorOptions().dtype(at::kDouble);
}

TEST(RateSchedule, FollowsTheReference) {
  for (const TrainingCase& golden : training_cases("schedule.")) {
    SCOPED_TRACE(golden.id);
    const RateSchedule schedule = schedule_of(golden.parameters());
    const double rtol = golden.tolerance().at("rtol");
    const double lr = golden.parameters().at("lr");
    for (std::size_t i = 0; i < golden.expected().at("n").size(); ++i) {
      const std::int64_t n = golden.expected().at("n").at(i);
      const double factor = rate_factor(schedule, n);
      EXPECT_TRUE(near_number(factor, golden.expected().at("multiplier").at(i), rtol)) << n;
      EXPECT_TRUE(near_number(lr * factor, golden.expected().at("lr").at(i), rtol)) << n;
    }
  }
}

// Note [Overwritten start]
// The files' `initial` is not where the reference began: the parameters were changed in place
// before they were stored, so it equals the last row of parameters_f32. The first step is undone
// instead: it moves a parameter p to p (1 - lr wd) - lr g / (|g| + eps), and a start that was
// float32 comes back exactly when rounded.
at::Tensor start_of(const TrainingCase& golden, at::ScalarType dtype) {
  const at::Tensor stored = tensor_of(golden.input("initial"), at::kFloat);
  const at::Tensor last = tensor_of(golden.output("parameters_f32"), at::kFloat)[-1];
  if (!at::equal(stored, last)) return stored.to(dtype);
  const AdamWOptions options = adamw_of(golden.parameters());
  const double lr = options.lr * rate_factor(schedule_of(golden.parameters().at("schedule")), 0);
  const at::Tensor gradient = tensor_of(golden.input("gradients"), at::kDouble)[0];
  const at::Tensor after = tensor_of(golden.output("parameters_f64"), at::kDouble)[0];
  const at::Tensor moved = lr * gradient / (gradient.abs() + options.eps);
  return ((after + moved) / (1 - lr * options.weight_decay)).to(at::kFloat).to(dtype);
}

void expect_trajectory(const TrainingCase& golden, const std::string& precision) {
  SCOPED_TRACE(golden.id + " in " + precision);
  const at::ScalarType dtype = precision == "f64" ? at::kDouble : at::kFloat;
  const double rtol = golden.tolerance().at(precision).at("rtol");
  const double atol = golden.tolerance().at(precision).at("atol");
  at::Tensor parameter = start_of(golden, dtype);
  const at::Tensor gradients = tensor_of(golden.input("gradients"), dtype);
  const at::Tensor expected = tensor_of(golden.output("parameters_" + precision), dtype);
  AdamW optimiser({parameter}, adamw_of(golden.parameters()));
  const RateSchedule schedule = schedule_of(golden.parameters().at("schedule"));
  for (std::int64_t step = 0; step < gradients.size(0); ++step) {
    parameter.mutable_grad() = gradients[step].clone();
    optimiser.step(rate_factor(schedule, step));
    EXPECT_TRUE(near_tensor(parameter, expected[step], rtol, atol)) << "step " << step;
  }
  EXPECT_TRUE(near_tensor(optimiser.first_moments()[0],
                          tensor_of(golden.output("first_moment_" + precision), dtype), rtol,
                          atol));
  EXPECT_TRUE(near_tensor(optimiser.second_moments()[0],
                          tensor_of(golden.output("second_moment_" + precision), dtype), rtol,
                          atol));
}

TEST(AdamW, TakesTheReferencesSteps) {
  for (const TrainingCase& golden : training_cases("adamw.")) {
    expect_trajectory(golden, "f64");
    expect_trajectory(golden, "f32");
  }
}

TEST(AdamW, WithoutDecayIsAdam) {
  expect_trajectory(training_case("adam.recipe"), "f64");
  expect_trajectory(training_case("adam.recipe"), "f32");
}

TEST(AdamW, MovesItsMomentsAndDecaysAParameterWithoutGradient) {
  at::Tensor parameter = at::ones({2}, doubles());
  AdamW optimiser({parameter}, {.lr = 0.1, .weight_decay = 0.5});
  parameter.mutable_grad() = at::ones({2}, doubles());
  optimiser.step(0);
  EXPECT_EQ(parameter[0].item<double>(), 1);
  EXPECT_NEAR(optimiser.first_moments()[0][0].item<double>(), 0.1, 1e-15);
  optimiser.zero_grad();
  optimiser.step(1);
  EXPECT_NEAR(optimiser.first_moments()[0][0].item<double>(), 0.09, 1e-15);
  EXPECT_LT(parameter[0].item<double>(), 0.95);
}

TEST(AdamW, DecaysNormsAndBiasesToo) {
  // One parameter is like another: weight decay asks for no name.
  at::Tensor norm_weight = at::ones({4}, doubles());
  AdamW optimiser({norm_weight}, {.lr = 0.1, .weight_decay = 0.01});
  norm_weight.mutable_grad() = at::zeros({4}, doubles());
  optimiser.step(1);
  EXPECT_NEAR(norm_weight[0].item<double>(), 0.999, 1e-15);
}

/// The files' gradients were clipped in place before they were stored, as Note [Overwritten start]
/// says of parameters: the factor of the float64 run is taken out again.
at::Tensor unclipped(const TrainingCase& golden, const std::string& number) {
  const at::Tensor clipped = tensor_of(golden.output("clipped_" + number + "_f64"), at::kDouble);
  const double norm = golden.expected().at("norm_f64");
  const double factor = golden.parameters().at("max_norm").get<double>() / (norm + 1e-6);
  return (factor < 1 ? clipped / factor : clipped).to(at::kFloat);
}

void expect_clipped(const TrainingCase& golden, const std::string& precision) {
  SCOPED_TRACE(golden.id + " in " + precision);
  const at::ScalarType dtype = precision == "f64" ? at::kDouble : at::kFloat;
  std::vector<at::Tensor> parameters;
  for (const char* number : {"0", "1", "2"}) {
    const at::Tensor gradient = unclipped(golden, number).to(dtype);
    parameters.push_back(at::zeros_like(gradient));
    parameters.back().mutable_grad() = gradient.clone();
  }
  const double rtol = golden.tolerance().at(precision).at("rtol");
  const double atol = golden.tolerance().at(precision).at("atol");
  const double norm = clip_gradients(parameters, golden.parameters().at("max_norm"));
  EXPECT_TRUE(near_number(norm, golden.expected().at("norm_" + precision), rtol, atol));
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    const std::string name = "clipped_" + std::to_string(i) + "_" + precision;
    EXPECT_TRUE(
        near_tensor(parameters[i].grad(), tensor_of(golden.output(name), dtype), rtol, atol))
        << name;
  }
}

TEST(ClipGradients, ScalesAsTheReference) {
  for (const char* id : {"clip.above", "clip.below", "clip.equal", "clip.zero"}) {
    expect_clipped(training_case(id), "f64");
    expect_clipped(training_case(id), "f32");
  }
}

TEST(ClipGradients, LeavesGradientsBelowTheLimitBitForBit) {
  const TrainingCase golden = training_case("clip.below");
  const at::Tensor gradient = unclipped(golden, "0");
  at::Tensor parameter = at::zeros_like(gradient);
  parameter.mutable_grad() = gradient.clone();
  clip_gradients({parameter}, golden.parameters().at("max_norm"));
  EXPECT_TRUE(at::equal(parameter.grad(), gradient));
}

TEST(ClipGradients, TellsOfANaN) {
  const TrainingCase golden = training_case("clip.nan");
  std::vector<double> values;
  for (const auto& value : golden.parameters().at("gradient")) values.push_back(number_of(value));
  at::Tensor parameter = at::zeros({4}, doubles());
  parameter.mutable_grad() = at::tensor(values, doubles());
  EXPECT_TRUE(std::isnan(clip_gradients({parameter}, golden.parameters().at("max_norm"))));
}

/// y = W x, the mean of |W x - y| over the valid rows.
Loss row_loss(const at::Tensor& weight,
              const at::Tensor& x,
              const at::Tensor& y,
              const at::Tensor& rows) {
  const at::Tensor valid = rows.nonzero().flatten();
  if (valid.numel() == 0) return {at::zeros({}, doubles()), 0};
  const at::Tensor error =
      at::matmul(x.index_select(0, valid), weight.t()) - y.index_select(0, valid);
  return {error.abs().mean(), error.numel()};
}

TEST(GradientWindow, AccumulatesAsTheReference) {
  for (const TrainingCase& golden : training_cases("accumulation.")) {
    SCOPED_TRACE(golden.id);
    const at::Tensor weight =
        tensor_of(golden.input("weight"), at::kDouble).set_requires_grad(true);
    const at::Tensor x = tensor_of(golden.input("x"), at::kDouble);
    const at::Tensor y = tensor_of(golden.input("y"), at::kDouble);
    AdamW optimiser({weight}, {});
    const std::int64_t accumulation = golden.parameters().at("accumulation");
    GradientWindow window(optimiser, {.accumulation = accumulation});
    double sum = 0;
    for (std::int64_t i = 0; i < accumulation; ++i) {
      const std::vector<std::int64_t> rows = golden.inputs().at("row_mask").at(i);
      const double value = window.add(row_loss(weight, x[i], y[i], at::tensor(rows)));
      const double expected = golden.expected().at("micro_losses_f64").at(i);
      EXPECT_TRUE(near_number(value, expected, 1e-9, 1e-11));
      sum += expected;
    }
    EXPECT_TRUE(near_tensor(weight.grad(),
                            tensor_of(golden.output("accumulated_gradient_f64"), at::kDouble), 1e-9,
                            1e-11));
    EXPECT_NEAR(window.close().loss, sum / static_cast<double>(accumulation), 1e-11);
  }
}

TEST(GradientWindow, LeavesOutALossThatIsNaNButCountsIt) {
  // What training_case("semantics.nan_scalar") says in words.
  const at::Tensor weight = at::ones({1}, doubles()).set_requires_grad(true);
  AdamW optimiser({weight}, {});
  GradientWindow window(optimiser, {.accumulation = 2});
  window.add({weight.sum() * std::numeric_limits<double>::quiet_NaN(), 1});
  window.add({weight.sum() * 3, 1});
  ASSERT_TRUE(window.full());
  const StepReport report = window.close();
  EXPECT_EQ(weight.grad().item<double>(), 1.5);
  EXPECT_EQ(report.loss, 1.5);
  EXPECT_EQ(report.nan_losses, 1);
}

TEST(GradientWindow, StepsAlsoWhenNoMicroBatchHasAValidPixel) {
  at::Tensor weight = at::ones({1}, doubles()).set_requires_grad(true);
  AdamW optimiser({weight}, {.lr = 0.1, .weight_decay = 0.5});
  const RateSchedule constant{.kind = RateSchedule::Kind::constant, .warmup = 0};
  GradientWindow window(optimiser, {.accumulation = 1, .schedule = constant});
  window.add({at::zeros({}, doubles()), 0});
  EXPECT_EQ(window.close().gradient_norm, 0);
  window.step();
  EXPECT_EQ(optimiser.steps_taken(), 1);
  EXPECT_NEAR(weight.item<double>(), 0.95, 1e-15);
}

}  // namespace
}  // namespace onestep::testing
