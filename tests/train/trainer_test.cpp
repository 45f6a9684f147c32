// The loop by itself, on an objective that is a single number.

#include "onestep/train/run/trainer.h"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <limits>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "io/scratch.h"

namespace onestep {
namespace {

/// Two parameters, "first" and "last"; the loss is given.
class Toy final : public Objective {
 public:
  using Formula = std::function<at::Tensor(const at::Tensor& first, const at::Tensor& last)>;

  explicit Toy(Formula formula) : formula_(std::move(formula)) {
    for (const char* name : {"first", "last"}) {
      parameters_.push_back({name, at::ones({2}).set_requires_grad(true)});
    }
  }

  const std::vector<NamedParameter>& parameters() const override { return parameters_; }
  std::vector<std::string> ends() const override { return {"first", "last"}; }
  Loss loss(const Batch& batch) override {
    ++losses;
    if (on_loss) on_loss(batch.number);
    return {formula_(parameters_[0].value, parameters_[1].value), valid_pixels};
  }
  Validation validate(const Batch& /*batch*/) override {
    return {{{"metric", 1}}, {Array(DType::uint8, {2, 2, 3})}};
  }
  void write_model(const std::filesystem::path& /*folder*/) const override {}

  int losses = 0;
  std::int64_t valid_pixels = 1;
  std::function<void(std::int64_t number)> on_loss;

 private:
  Formula formula_;
  std::vector<NamedParameter> parameters_;
};

class OnePicture final : public Dataset {
 public:
  std::int64_t size() const override { return 1; }
  std::string name(std::int64_t) const override { return "only.png (list.jsonl:1)"; }
  Sample read(std::int64_t) const override {
    return {.image = Array(DType::uint8, {8, 8, 3}),
            .depth_m = Array::of<float>({8, 8}, std::vector<float>(64, 1.0F)),
            .normals = {},
            .mask = Array(DType::uint8, {8, 8})};
  }
};

class TrainerTest : public ::testing::Test {
 protected:
  TrainerTest() {
    recipe_.steps = 4;
    recipe_.batch = 1;
    recipe_.accumulation = 2;
    recipe_.schedule.kind = RateSchedule::Kind::constant;
    recipe_.schedule.warmup = 0;
    recipe_.document = default_recipe();
    std::filesystem::create_directories(folder_.folder() / "checkpoints");
  }

  std::int64_t train(Toy& toy, const TrainWatch& watch = {}) {
    AdamW optimiser(values_of(toy.parameters()), recipe_.optimizer);
    TrainingLog log(folder_.folder() / "log.jsonl", 0);
    TrainingLog validation_log(folder_.folder() / "validation.jsonl", 0);
    TrainingParts parts{.recipe = recipe_,
                        .objective = toy,
                        .optimiser = optimiser,
                        .data = {{std::make_shared<OnePicture>(), 1}},
                        .data_marks = {1},
                        .contents = {},
                        .validation = {},
                        .checkpoints = folder_.folder() / "checkpoints",
                        .validation_folder = folder_.folder() / "validation",
                        .log = log,
                        .validation_log = validation_log};
    return run_training(parts, watch);
  }
  std::string failure(Toy& toy) {
    try {
      train(toy);
    } catch (const Error& error) {
      return error.what();
    }
    return "";
  }
  std::vector<CheckpointFile> checkpoints() const {
    return checkpoints_in(folder_.folder() / "checkpoints");
  }

  Scratch folder_;
  Recipe recipe_;
};

at::Tensor squares(const at::Tensor& first, const at::Tensor& last) {
  return (first * last).square().sum();
}

TEST_F(TrainerTest, TakesTheRecipesStepsAndKeepsTheLastCheckpoints) {
  recipe_.checkpoint_every = 1;
  recipe_.keep = 2;
  Toy toy(squares);
  EXPECT_EQ(train(toy), 4);
  EXPECT_EQ(toy.losses, 8);
  ASSERT_EQ(checkpoints().size(), 2U);
  EXPECT_EQ(checkpoints()[0].step, 3);
  EXPECT_EQ(checkpoints()[1].step, 4);
}

TEST_F(TrainerTest, RefusesToTrainWhenNoGradientReachesBothEnds) {
  Toy cut_first([](const at::Tensor& first, const at::Tensor& last) {
    return squares(first.detach(), last);
  });
  EXPECT_NE(failure(cut_first).find("step 1: no gradient reaches first"), std::string::npos);
  Toy cut_last([](const at::Tensor& first, const at::Tensor& last) {
    return squares(first, last.detach());
  });
  EXPECT_NE(failure(cut_last).find("no gradient reaches last"), std::string::npos);
  EXPECT_TRUE(checkpoints().empty());
}

TEST_F(TrainerTest, FailsWhenNoPictureHadAValidPixel) {
  Toy toy(squares);
  toy.valid_pixels = 0;
  EXPECT_NE(failure(toy).find("nothing was learnt"), std::string::npos);
}

TEST_F(TrainerTest, SaysThatALossDependsOnNoParameter) {
  Toy silent([](const at::Tensor& first, const at::Tensor&) { return first.detach().sum(); });
  EXPECT_NE(failure(silent).find("depends on no parameter"), std::string::npos) << failure(silent);
}

TEST_F(TrainerTest, StopsAtAWindowOfNothingButNaNLosses) {
  Toy toy([](const at::Tensor& first, const at::Tensor&) {
    return first.sum() * std::numeric_limits<float>::quiet_NaN();
  });
  const std::string message = failure(toy);
  EXPECT_NE(message.find("step 1: every loss is NaN"), std::string::npos) << message;
  EXPECT_NE(message.find("only.png (list.jsonl:1)"), std::string::npos) << message;
}

TEST_F(TrainerTest, LeavesOutOneNaNLossAndSaysSo) {
  Toy toy([&toy](const at::Tensor& first, const at::Tensor& last) {
    const double factor = toy.losses == 3 ? std::numeric_limits<double>::quiet_NaN() : 1;
    return squares(first, last) * factor;
  });
  std::vector<std::string> messages;
  TrainWatch watch;
  watch.on_message = [&](const std::string& text) { messages.push_back(text); };
  EXPECT_EQ(train(toy, watch), 4);
  ASSERT_EQ(messages.size(), 1U);
  EXPECT_NE(messages[0].find("step 2: the loss of only.png"), std::string::npos) << messages[0];
}

TEST_F(TrainerTest, StopsAtANaNInTheGradientWithTheGoodStateSaved) {
  recipe_.checkpoint_every = 100;
  Toy toy([&toy](const at::Tensor& first, const at::Tensor& last) {
    // The value is finite, its gradient is not: sqrt at 0.
    const at::Tensor trap = toy.losses < 5 ? at::zeros({}) : at::sqrt(first * 0).sum();
    return squares(first, last) + trap;
  });
  const std::string message = failure(toy);
  EXPECT_NE(message.find("step 3: the gradient's norm is NaN"), std::string::npos) << message;
  ASSERT_EQ(checkpoints().size(), 1U);
  EXPECT_EQ(checkpoints()[0].step, 2);
  EXPECT_NE(message.find(checkpoints()[0].path.string()), std::string::npos) << message;
}

TEST_F(TrainerTest, StopsAtParametersThatAreNotFiniteAndSavesNothingOfThem) {
  recipe_.checkpoint_every = 1;
  recipe_.optimizer.lr = 1e39;  // beyond float32
  Toy toy(squares);
  const std::string message = failure(toy);
  EXPECT_NE(message.find("step 1: first holds NaN or infinity"), std::string::npos) << message;
  EXPECT_NE(message.find("none was written yet"), std::string::npos) << message;
  EXPECT_TRUE(checkpoints().empty());
}

TEST_F(TrainerTest, WritesTheLastWholeStepWhenItIsStopped) {
  recipe_.steps = 1000;
  std::stop_source source;
  Toy toy(squares);
  toy.on_loss = [&](std::int64_t number) {
    if (number == 7) source.request_stop();
  };
  TrainWatch watch;
  watch.stop = source.get_token();
  EXPECT_THROW(train(toy, watch), Cancelled);
  ASSERT_EQ(checkpoints().size(), 1U);
  EXPECT_EQ(checkpoints()[0].step, 4);
}

}  // namespace
}  // namespace onestep
