// Values and gradients of the losses against the reference, in float64 and float32.

#include "onestep/train/objectives/losses.h"

#include <torch/csrc/autograd/autograd.h>

#include <functional>
#include <vector>

#include "train/golden_tensors.h"

namespace onestep::testing {
namespace {

struct Computed {
  double value = 0;
  at::Tensor gradient;  ///< as the golden orders it
  std::int64_t valid_pixels = 0;
};

/// The loss of a golden's inputs, with respect to its prediction or decoded image.
Computed computed(const TrainingCase& golden, at::ScalarType dtype) {
  const bool has_head = golden.inputs().contains("decoded");
  const bool depth = golden.id.starts_with("depth.");
  const at::Tensor leaf =
      network_order(tensor_of(golden.input(has_head ? "decoded" : "prediction"), dtype))
          .set_requires_grad(true);
  const at::Tensor target = network_order(tensor_of(golden.input("target"), dtype));
  const at::Tensor mask = tensor_of(golden.input("mask"), at::kBool);
  at::Tensor prediction = leaf;
  if (has_head) prediction = depth ? depth_head(leaf) : normals_head(leaf);
  const Loss loss =
      depth ? affine_invariant_l1(prediction, target, mask) : mean_angle(prediction, target, mask);
  Computed result{loss.value.item<double>(), at::zeros_like(leaf), loss.valid_pixels};
  if (loss.valid_pixels > 0) {
    torch::autograd::backward({loss.value}, {});
    result.gradient = leaf.grad();
  }
  if (leaf.dim() == 4) result.gradient = result.gradient.permute({0, 3, 1, 2});
  return result;
}

/// Pixels whose float32 gradient the golden says to compare loosely: those whose angle is next to
/// 0 or 180 degrees.
at::Tensor parallel_pixels(const TrainingCase& golden) {
  const at::Tensor decoded = tensor_of(golden.input("decoded"), at::kDouble);
  const at::Tensor target = tensor_of(golden.input("target"), at::kDouble);
  const at::Tensor dot = (decoded * target).sum(1, /*keepdim=*/true);
  const at::Tensor length = at::linalg_vector_norm(decoded, 2, {1}, /*keepdim=*/true);
  return (dot.abs() > 0.999 * length).expand_as(decoded);
}

void expect_golden(const TrainingCase& golden, const std::string& precision) {
  SCOPED_TRACE(golden.id + " in " + precision);
  const bool twice = precision == "f64";
  const at::ScalarType dtype = twice ? at::kDouble : at::kFloat;
  const Computed got = computed(golden, dtype);
  const double rtol = golden.tolerance().at(precision).at("rtol");
  const double atol = golden.tolerance().at(precision).at("atol");
  const bool special = golden.id == "normals.special_vectors" && !twice;
  EXPECT_TRUE(near_number(got.value, golden.expected().at("loss_" + precision),
                          special ? 5e-2 : rtol, atol));
  if (!golden.expected().contains("grad_" + precision)) return;
  at::Tensor expected = tensor_of(golden.output("grad_" + precision), dtype);
  at::Tensor gradient = got.gradient;
  if (special) {
    const at::Tensor loose = parallel_pixels(golden);
    EXPECT_TRUE(
        near_tensor(at::where(loose, gradient, 0.0), at::where(loose, expected, 0.0), 5e-2, atol));
    gradient = at::where(loose, 0.0, gradient);
    expected = at::where(loose, 0.0, expected);
  }
  EXPECT_TRUE(near_tensor(gradient, expected, rtol, atol));
}

TEST(AffineInvariantLoss, HasTheReferencesValueAndGradient) {
  for (const TrainingCase& golden : training_cases("depth.")) {
    expect_golden(golden, "f64");
    expect_golden(golden, "f32");
  }
}

TEST(AngularLoss, HasTheReferencesValueAndGradient) {
  for (const TrainingCase& golden : training_cases("normals.")) {
    expect_golden(golden, "f64");
    expect_golden(golden, "f32");
  }
}

TEST(AffineInvariantLoss, SendsItsGradientThroughScaleAndShift) {
  const Computed got = computed(training_case("depth.closed_form_1"), at::kDouble);
  // With scale and shift held fixed it would be (-s/4, -s/4, s/4, -s/4), s = 2.675941080.
  const at::Tensor detached = at::tensor({-0.66898527, -0.66898527, 0.66898527, -0.66898527},
                                         at::TensorOptions().dtype(at::kDouble));
  EXPECT_FALSE(near_tensor(got.gradient.reshape({4}), detached, 1e-2, 0));
  const at::Tensor expected = at::tensor({-0.12769172, -0.29313245, 0.85034729, -0.42952312},
                                         at::TensorOptions().dtype(at::kDouble));
  EXPECT_TRUE(near_tensor(got.gradient.reshape({4}), expected, 1e-7, 0));
}

TEST(Losses, IgnoreInvalidPixelsEvenNaN) {
  for (const char* id : {"depth.nan_target_in_invalid", "depth.nan_prediction_in_invalid",
                         "normals.nan_target_in_invalid"}) {
    const Computed got = computed(training_case(id), at::kFloat);
    EXPECT_TRUE(std::isfinite(got.value)) << id;
    EXPECT_TRUE(at::isfinite(got.gradient).all().item<bool>()) << id;
  }
}

TEST(Losses, OfAnEmptyMaskAreZeroOverNoPixel) {
  for (const char* id : {"depth.empty", "normals.empty"}) {
    const Computed got = computed(training_case(id), at::kDouble);
    EXPECT_EQ(got.value, 0) << id;
    EXPECT_EQ(got.valid_pixels, 0) << id;
  }
}

TEST(MaskedMeanSquares, AveragesTheSelectedElements) {
  const at::Tensor prediction = at::tensor({1.0, 2.0, 5.0}, at::TensorOptions().dtype(at::kDouble));
  const at::Tensor target = at::tensor({0.0, NAN, 3.0}, at::TensorOptions().dtype(at::kDouble));
  const at::Tensor mask = at::tensor({1, 0, 1}, at::TensorOptions().dtype(at::kByte)) != 0;
  const Loss loss = masked_mean_squares(prediction, target, mask);
  EXPECT_EQ(loss.value.item<double>(), 2.5);
  EXPECT_EQ(loss.valid_pixels, 2);
}

}  // namespace
}  // namespace onestep::testing
