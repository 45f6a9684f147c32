#include "backend/cases/operation_cases.h"

#include "onestep/backend/plain/plain_backend.h"
#include "onestep/backend/plan/plan_backend.h"

#include <gtest/gtest.h>

#include <cmath>
#include <set>

namespace onestep::testing {
namespace {

StorageBytes float_bytes() {
  return [](const Extent& extent) { return extent.elements() * 4; };
}

TEST(OperationCases, HaveNamesOfTheirOwnThatGtestAccepts) {
  std::set<std::string> names;
  for (const OperationCase& operation : operation_cases()) {
    EXPECT_TRUE(names.insert(operation.name).second) << operation.name << " appears twice";
    EXPECT_EQ(operation.name.find_first_not_of("abcdefghijklmnopqrstuvwxyz"
                                               "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_"),
              std::string::npos)
        << operation.name;
  }
  EXPECT_GT(names.size(), 500U);
}

// The front counts in closed form, the plain loops count where they multiply, and the plan sees
// nothing but shapes: all three must agree, and the plan's shapes must be those that come out.
TEST(OperationCases, PlanCountsWhatThePlainLoopsExecute) {
  for (const OperationCase& operation : operation_cases()) {
    SCOPED_TRACE(operation.name);
    onestep::Run plain_run;
    PlainBackend plain(plain_run);
    const Array result = run(operation, plain, nullptr);
    onestep::Run plan_run;
    PlanBackend plan(plan_run, float_bytes());
    const Array planned = run(operation, plan, nullptr);
    EXPECT_EQ(plain.executed_multiply_adds(), plain_run.multiply_adds);
    EXPECT_EQ(plan_run.multiply_adds, plain_run.multiply_adds);
    EXPECT_EQ(planned.shape(), result.shape());
    EXPECT_FALSE(planned.has_data());
    EXPECT_TRUE(all_finite(result));
    EXPECT_GT(operation.tolerance, -1e-300);
  }
}

TEST(OperationCases, RepeatThemselves) {
  const OperationCase operation = operation_cases().front();
  EXPECT_TRUE(agrees(reference(operation), reference(operation), 0));
}

TEST(Agrees, FindsTheLargestDifferenceAndNaN) {
  const Array expected = Array::of<float>({3}, std::vector<float>{1, 2, 4});
  EXPECT_TRUE(agrees(Array::of<float>({3}, std::vector<float>{1, 2, 4.1F}), expected, 0.05));
  EXPECT_FALSE(agrees(Array::of<float>({3}, std::vector<float>{1, 2, 4.3F}), expected, 0.05));
  EXPECT_FALSE(agrees(Array::of<float>({3}, std::vector<float>{1, NAN, 4}), expected, 0.05));
  EXPECT_FALSE(agrees(Array::of<float>({1, 3}, std::vector<float>{1, 2, 4}), expected, 0.05));
}

}  // namespace
}  // namespace onestep::testing
