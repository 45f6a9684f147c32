#pragma once

#include "testing/training_golden.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <string>

namespace onestep::testing {

/// An array of any dtype as a torch tensor of its own.
at::Tensor tensor_of(const Array& array, at::ScalarType dtype);

/// A golden's map [B,C,H,W] as networks see it, [B,H,W,C]; anything else as it is.
at::Tensor network_order(const at::Tensor& tensor);

/// |got - expected| <= atol + rtol |expected| for all elements, NaN nowhere; the shapes are equal.
::testing::AssertionResult near_tensor(const at::Tensor& got,
                                       const at::Tensor& expected,
                                       double rtol,
                                       double atol);

/// For numbers.
::testing::AssertionResult near_number(double got, double expected, double rtol, double atol = 0);

}  // namespace onestep::testing
