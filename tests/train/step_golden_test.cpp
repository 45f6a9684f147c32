// One end-to-end step against the reference: every intermediate, every parameter's gradient.

#include "onestep/backend/torch/torch_storage.h"

#include <torch/csrc/autograd/autograd.h>

#include <algorithm>
#include <map>
#include <string>

#include "train/training_samples.h"

namespace onestep::testing {
namespace {

// Note [Sinusoids]
// The reference computes the sinusoids of the timestep in float32, by vectorised functions of which
// some values differ from the C library's in the last bit (6e-8). That is all that separates the
// two in float64: with torch's own values in place everything below holds at the goldens' 1e-8;
// with ours the largest distances measured are 3.7e-7 of a gradient's norm and 3.2e-7 of a
// prediction in [-1,1].
constexpr double kSinusoids = 1e-6;

struct Precision {
  std::string name;
  TorchPrecision precision;
  at::ScalarType dtype;
};

const std::vector<Precision>& precisions() {
  static const std::vector<Precision> both = {{"f64", TorchPrecision::float64, at::kDouble},
                                              {"f32", TorchPrecision::float32, at::kFloat}};
  return both;
}

/// A step of a golden and its gradients.
struct Step {
  Step(const TrainingCase& golden, const Precision& precision, EndToEndOptions options)
      : objective(tiny_pipeline(), with_latents(golden, std::move(options))) {
    const std::vector<std::int64_t> samples = golden.inputs().at("samples");
    const Batch batch = golden_batch(samples);
    image_latent = objective.image_latents(batch);
    pass = objective.pass(batch);
    pass.unet_output.retain_grad();
    pass.decoded.retain_grad();
    loss = objective.loss_of(pass, batch);
    torch::autograd::backward({loss.value}, {});
    EXPECT_EQ(loss.value.scalar_type(), precision.dtype);
  }
  Step(const TrainingCase& golden, const Precision& precision)
      : Step(golden, precision, golden_options(golden, precision.precision)) {}

  static EndToEndOptions with_latents(const TrainingCase& golden, EndToEndOptions options) {
    if (golden.inputs().at("second_latent") == "zeros") return options;
    const Array latent = golden.input("second_latent");
    options.given_latents = [latent](std::int64_t) { return latent; };
    return options;
  }

  std::map<std::string, at::Tensor> gradients() const {
    std::map<std::string, at::Tensor> found;  // in ascending byte order, as the goldens
    for (const NamedParameter& parameter : objective.parameters()) {
      found[parameter.name] = parameter.value.grad();
    }
    return found;
  }

  EndToEnd objective;
  at::Tensor image_latent;
  SingleStepPass pass;
  Loss loss;
};

void expect_norms(const TrainingCase& golden, const Step& step, double rtol) {
  const at::Tensor expected = tensor_of(golden.output("gradient_norms"), at::kDouble);
  const auto gradients = step.gradients();
  ASSERT_EQ(static_cast<std::int64_t>(gradients.size()), expected.numel());
  const auto largest = expected.max().item<double>();
  std::int64_t i = 0;
  double squares = 0;
  for (const auto& [name, gradient] : gradients) {
    const double norm = gradient.defined() ? at::linalg_vector_norm(gradient).item<double>() : 0;
    // Gradients that vanish in exact arithmetic are rounding noise.
    EXPECT_TRUE(near_number(norm, expected[i].item<double>(), rtol, rtol * 1e-3 * largest)) << name;
    squares += norm * norm;
    ++i;
  }
  EXPECT_TRUE(near_number(std::sqrt(squares), golden.expected().at("grad_norm_f64"), rtol));
}

/// `got` [B,H,W,C] beside a golden's [B,C,H,W], to kSinusoids of the value and of the largest one.
::testing::AssertionResult near_golden(const at::Tensor& got, const Array& golden) {
  const at::Tensor expected = network_order(tensor_of(golden, at::kDouble));
  return near_tensor(got, expected, kSinusoids, kSinusoids * expected.abs().max().item<double>());
}

void expect_map(const TrainingCase& golden, const std::string& name, const at::Tensor& got) {
  if (!golden.expected().contains(name)) return;
  EXPECT_TRUE(near_golden(got, golden.output(name))) << name;
}

void expect_step(const TrainingCase& golden, const Precision& precision) {
  SCOPED_TRACE(golden.id + " in " + precision.name);
  const Step step(golden, precision);
  const bool twice = precision.name == "f64";
  const nlohmann::json& tolerance = golden.tolerance().at(precision.name);
  EXPECT_TRUE(near_number(step.loss.value.item<double>(),
                          golden.expected().at("loss_" + precision.name),
                          tolerance.at(twice ? "rtol" : "loss_rtol")));
  expect_norms(golden, step, twice ? kSinusoids : tolerance.at("gradient_rtol").get<double>());
  if (!twice) return;
  // Latents are stored as float64, maps of full size as float32 of a float64 computation.
  if (golden.expected().contains("rgb_latent")) {
    const at::Tensor latent = network_order(tensor_of(golden.output("rgb_latent"), at::kDouble));
    EXPECT_TRUE(near_tensor(step.image_latent, latent, 1e-8, 1e-10));
  }
  expect_map(golden, "unet_output", step.pass.unet_output);
  expect_map(golden, "z0", step.pass.latent);
  expect_map(golden, "d_unet_output", step.pass.unet_output.grad());
  expect_map(golden, "decoded", step.pass.decoded);
  expect_map(golden, "d_decoded", step.pass.decoded.grad());
  const at::Tensor prediction = golden.parameters().at("task") == "depth"
                                    ? depth_head(step.pass.decoded)
                                    : normals_head(step.pass.decoded);
  expect_map(golden, "prediction", prediction);
  if (!golden.expected().contains("gradients")) return;
  const auto gradients = step.gradients();
  for (const auto& [name, key] : golden.expected().at("gradients").items()) {
    const at::Tensor gradient = gradients.at(name);
    const bool map = gradient.dim() == 4;  // [D,C,kh,kw]
    EXPECT_TRUE(near_golden(map ? network_order(gradient) : gradient, golden.tensor(key))) << name;
  }
}

TEST(EmptyPromptContext, IsTheReferences) {
  const TrainingCase golden = training_case("contexts");
  for (const Precision& precision : precisions()) {
    TorchOptions options;
    options.precision = precision.precision;
    for (const int tokens : {2, 77}) {
      const std::string name = "context_" + std::to_string(tokens) + "_" + precision.name;
      const nlohmann::json& tolerance = golden.tolerance().at(precision.name);
      const at::Tensor context = unwrapped(empty_prompt_context(tiny_pipeline(), tokens, options));
      EXPECT_TRUE(near_tensor(context.squeeze(2), tensor_of(golden.output(name), precision.dtype),
                              tolerance.at("rtol"), tolerance.at("atol")))
          << name;
    }
  }
}

TEST(ParameterOrder, IsThatOfTheReferencesUNet) {
  const std::vector<std::string> expected =
      training_case("parameter_order").parameters().at("names");
  const EndToEnd objective(tiny_pipeline(),
                           golden_options(training_case("step.depth"), TorchPrecision::float32));
  std::vector<std::string> names;
  for (const NamedParameter& parameter : objective.parameters()) names.push_back(parameter.name);
  std::sort(names.begin(), names.end());
  EXPECT_EQ(names, expected);
}

TEST(SingleStep, HasTheReferencesLossAndGradients) {
  for (const char* id :
       {"step.depth", "step.normals", "step.depth_2_tokens", "step.normals_2_tokens",
        "step.depth_gaussian", "step.depth_pyramid", "step.normals_gaussian",
        "step.normals_pyramid", "step.depth_noise_none", "step.depth_batch_3"}) {
    for (const Precision& precision : precisions()) expect_step(training_case(id), precision);
  }
}

TEST(GradientCheckpointing, DoesNotChangeABit) {
  const TrainingCase golden = training_case("step.depth");
  const Precision& single = precisions()[1];
  const Step plain(golden, single);
  for (const bool unet : {false, true}) {
    for (const bool decoder : {false, true}) {
      EndToEndOptions options = golden_options(golden, single.precision);
      options.checkpoint_unet = unet;
      options.checkpoint_decoder = decoder;
      const Step step(golden, single, options);
      EXPECT_TRUE(at::equal(step.loss.value, plain.loss.value));
      const auto expected = plain.gradients();
      for (const auto& [name, gradient] : step.gradients()) {
        EXPECT_TRUE(at::equal(gradient, expected.at(name)))
            << name << ", unet " << unet << ", decoder " << decoder;
      }
    }
  }
}

TEST(SingleStep, GivesGradientsToTheUNetAndNoneToTheEncodedImage) {
  const TrainingCase golden = training_case("step.depth");
  const Step step(golden, precisions()[1]);
  EXPECT_FALSE(step.image_latent.requires_grad());
  for (const NamedParameter& parameter : step.objective.parameters()) {
    EXPECT_TRUE(parameter.value.is_leaf() && parameter.value.requires_grad()) << parameter.name;
  }
}

}  // namespace
}  // namespace onestep::testing
