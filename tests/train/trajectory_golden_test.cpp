// Whole runs of the reference, step by step: losses, norms, rates, parameters.

#include <c10/core/GradMode.h>

#include <algorithm>
#include <string>
#include <vector>

#include "train/training_samples.h"

namespace onestep::testing {
namespace {

/// A run of the reference's recipe on our networks and optimiser.
class GoldenRun {
 public:
  GoldenRun(const TrainingCase& golden, TorchPrecision precision)
      : golden_(golden),
        batch_(golden.parameters().at("batch")),
        accumulation_(golden.parameters().at("accumulation")),
        objective_(tiny_pipeline(), options_of(precision)),
        optimiser_(values_of(objective_.parameters()),
                   adamw_of(golden.parameters().at("optimiser"))),
        window_(optimiser_,
                {.accumulation = accumulation_,
                 .clip_norm = golden.parameters().at("clip_global_norm"),
                 .schedule = schedule_of(golden.parameters().at("schedule"))}),
        first_(copies()) {}

  /// Micro-batch losses of the step land in `micro_losses`.
  StepReport step(std::int64_t number, std::vector<double>& micro_losses) {
    micro_losses.clear();
    for (std::int64_t i = 0; i < accumulation_; ++i) {
      micro_losses.push_back(window_.add(objective_.loss(micro_batch(number * accumulation_ + i))));
    }
    const StepReport report = window_.close();
    window_.step();
    return report;
  }

  /// sum |p - p0| over all parameters.
  double change() const {
    const c10::NoGradGuard no_gradients;
    double sum = 0;
    for (std::size_t i = 0; i < first_.size(); ++i) {
      sum +=
          (objective_.parameters()[i].value.to(at::kDouble) - first_[i]).abs().sum().item<double>();
    }
    return sum;
  }
  const at::Tensor& parameter(const std::string& name) const {
    return parameter_named(objective_.parameters(), name);
  }

 private:
  EndToEndOptions options_of(TorchPrecision precision) {
    EndToEndOptions options = golden_options(golden_, precision);
    if (golden_.inputs().at("second_latent") == "zeros") return options;
    const Array all = golden_.input("second_latent");  // [steps, accumulation, B, C, h, w]
    Shape shape(all.shape().begin() + 2, all.shape().end());
    options.given_latents = [all, shape](std::int64_t number) {
      const auto length = static_cast<std::size_t>(element_count(shape));
      return Array::of<float>(
          shape, all.view<float>().subspan(static_cast<std::size_t>(number) * length, length));
    };
    return options;
  }

  Batch micro_batch(std::int64_t number) const {
    const Array indices = golden_.input("sample_indices");
    const auto chosen = indices.view<std::int64_t>().subspan(
        static_cast<std::size_t>(number * batch_), static_cast<std::size_t>(batch_));
    return golden_batch({chosen.begin(), chosen.end()}, number);
  }

  std::vector<at::Tensor> copies() const {
    std::vector<at::Tensor> values;
    for (const NamedParameter& parameter : objective_.parameters()) {
      values.push_back(parameter.value.detach().to(at::kDouble).clone());
    }
    return values;
  }

  const TrainingCase& golden_;
  std::int64_t batch_;
  std::int64_t accumulation_;
  EndToEnd objective_;
  AdamW optimiser_;
  GradientWindow window_;
  std::vector<at::Tensor> first_;
};

/// How far a run may be from the reference's float64 one.
struct RunTolerance {
  RunTolerance(const TrainingCase& golden, const std::string& precision)
      : json(golden.tolerance().at(precision)) {}

  double of(const char* name, std::int64_t step) const {
    constexpr std::int64_t kFirst = 10;
    const bool early = step < kFirst && json.contains("first_10_steps");
    return early ? json.at("first_10_steps").at(name) : json.at(name);
  }

  const nlohmann::json& json;
};

void expect_sampled(const GoldenRun& run,
                    const TrainingCase& golden,
                    const std::string& step,
                    double atol) {
  const nlohmann::json& sampled = golden.expected().at("sampled_parameters");
  const nlohmann::json& values = sampled.at("after_step").at(step);
  for (std::size_t i = 0; i < values.size(); ++i) {
    const std::string name = sampled.at("where").at(i).at(0);
    const std::int64_t index = sampled.at("where").at(i).at(1);
    const double got = run.parameter(name).detach().reshape({-1})[index].item<double>();
    EXPECT_NEAR(got, values.at(i).get<double>(), atol) << name << " after step " << step;
  }
}

void expect_run(const TrainingCase& golden, TorchPrecision precision, const std::string& name) {
  SCOPED_TRACE(golden.id + " in " + name);
  const RunTolerance tolerance(golden, name);
  const double final_atol = tolerance.json.at("final_parameters_atol");
  GoldenRun run(golden, precision);
  const at::Tensor losses = tensor_of(golden.output("micro_losses"), at::kDouble);
  const at::Tensor norms = tensor_of(golden.output("gradient_norms"), at::kDouble);
  const at::Tensor rates = tensor_of(golden.output("learning_rates"), at::kDouble);
  const at::Tensor means = tensor_of(golden.output("step_losses"), at::kDouble);
  std::vector<double> micro;
  for (std::int64_t step = 0; step < losses.size(0); ++step) {
    SCOPED_TRACE("step " + std::to_string(step));
    const StepReport report = run.step(step, micro);
    const double rtol = tolerance.of("micro_losses_rtol", step);
    for (std::size_t i = 0; i < micro.size(); ++i) {
      const auto at = static_cast<std::int64_t>(i);
      EXPECT_TRUE(near_number(micro[i], losses[step][at].item<double>(), rtol));
    }
    EXPECT_TRUE(near_number(report.loss, means[step].item<double>(), rtol));
    EXPECT_TRUE(near_number(report.gradient_norm, norms[step].item<double>(),
                            tolerance.of("gradient_norms_rtol", step)));
    EXPECT_TRUE(near_number(report.lr, rates[step].item<double>(), 1e-12));
    const std::string taken = std::to_string(step + 1);
    if (!golden.expected().at("checksums").contains(taken)) continue;
    EXPECT_TRUE(near_number(run.change(),
                            golden.expected().at("checksums").at(taken).at("change_abs_sum"),
                            tolerance.json.at("change_abs_sum_rtol"), 1e-9));
    expect_sampled(run, golden, taken, final_atol);
  }
  for (const auto& [parameter, key] : golden.expected().at("final_parameters").items()) {
    EXPECT_TRUE(near_tensor(run.parameter(parameter), tensor_of(golden.tensor(key), at::kDouble), 0,
                            final_atol))
        << parameter;
  }
}

class Trajectory : public ::testing::TestWithParam<const char*> {};

TEST_P(Trajectory, FollowsTheReferenceInDoublePrecision) {
  expect_run(training_case(GetParam()), TorchPrecision::float64, "f64");
}

TEST_P(Trajectory, FollowsTheReferenceInSinglePrecision) {
  expect_run(training_case(GetParam()), TorchPrecision::float32, "f32");
}

std::vector<const char*> runs() {
  return {"run.depth", "run.normals", "run.depth_recipe", "run.depth_gaussian",
          "run.normals_pyramid"};
}

INSTANTIATE_TEST_SUITE_P(Runs, Trajectory, ::testing::ValuesIn(runs()), [](const auto& tested) {
  std::string name = tested.param;
  std::replace(name.begin(), name.end(), '.', '_');
  return name;
});

}  // namespace
}  // namespace onestep::testing
