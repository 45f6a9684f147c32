// How good the bundled models are, and how good what knows less is: on scenes that were not trained
// on, and on pairs of photographs and depth that a manifest lists. Prints the tables that the
// models' cards quote.

#include "onestep/base/check.h"
#include "onestep/data/manifest.h"
#include "onestep/data/rendered/rendered_scenes.h"
#include "onestep/eval/depth_scores.h"
#include "onestep/eval/normal_scores.h"

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <string>
#include <vector>

#include "../command_line.h"
#include "predictions.h"

namespace onestep::benchmarks {
namespace {

constexpr const char* kUsage =
    "usage: bundled_model DEPTH-FOLDER NORMALS-FOLDER [--scenes N] [--seed N] [--pairs MANIFEST]\n";
constexpr FitDomain kDomains[] = {FitDomain::depth, FitDomain::log};

/// A mean that grows by one number at a time.
struct Mean {
  double sum = 0;
  double count = 0;
  void add(double value) {
    sum += value;
    count += 1;
  }
  double value() const { return count > 0 ? sum / count : 0; }
};

/// AbsRel in percent under both alignments, and delta1 under the second.
struct Row {
  Mean depth;
  Mean log;
  Mean delta1;

  void add(FitDomain domain, const DepthScores& scores) {
    (domain == FitDomain::depth ? depth : log).add(100 * scores.abs_rel);
    if (domain == FitDomain::log) delta1.add(100 * scores.delta1);
  }
  void print(const char* name) const {
    std::printf("| %s | %.1f | %.1f | %.1f |\n", name, depth.value(), log.value(), delta1.value());
  }
};

/// Truth and mask of a sample.
struct Truths {
  const Array& depth_m;
  const Array& mask;
};

DepthScores scores_of(const DepthMaps& maps, const Truths& truth, FitDomain domain) {
  return depth_scores(fitted_depth(maps.in(domain), truth.depth_m, truth.mask, domain),
                      truth.depth_m, truth.mask);
}

double code_range(const Estimator& estimator) {
  const auto& target = estimator.folder().onestep().depth_target;
  check(target && target->kind == DepthCode::Kind::log, estimator.folder().root().string(),
        ": expected a model of the logarithm of depth (onestep.json, depth_target)");
  return target->range;
}

/// A mask without a pixel would score as a perfect prediction.
bool has_depth(const Array& mask) {
  return std::ranges::any_of(mask.view<std::uint8_t>(),
                             [](std::uint8_t known) { return known != 0; });
}

void score_scenes(const Estimator& depth,
                  const Estimator& normals,
                  const DepthMaps& mean,
                  const Dataset& scenes) {
  Row model, floor, mean_row, ramp, median, other_way;
  Mean angle, below, floor_angle;
  const double range = code_range(depth);
  for (std::int64_t i = 0; i < scenes.size(); ++i) {
    const Sample sample = scenes.read(i);
    const Truths truth = {sample.depth_m, sample.mask};
    check(has_depth(sample.mask), "scene ", i, ": expected a pixel of known depth, found none");
    const DepthMaps predicted = predicted_depth(depth, sample.image);
    const DepthMaps backwards = predicted_depth(depth, inverted(sample.image));
    const DepthMaps passed = through_autoencoder(depth.folder().root().string(), sample, range);
    const DepthMaps mean_here = resized(mean, sample.image.size(0), sample.image.size(1));
    for (const FitDomain domain : kDomains) {
      model.add(domain, scores_of(predicted, truth, domain));
      floor.add(domain, scores_of(passed, truth, domain));
      mean_row.add(domain, scores_of(mean_here, truth, domain));
      other_way.add(domain, scores_of(backwards, truth, domain));
      ramp.add(domain, depth_scores(fitted_ramp(truth.depth_m, truth.mask, domain), truth.depth_m,
                                    truth.mask));
      median.add(domain,
                 depth_scores(median_depth(truth.depth_m, truth.mask), truth.depth_m, truth.mask));
    }
    const NormalScores scores =
        normal_scores(predicted_normals(normals, sample.image), sample.normals, sample.mask);
    angle.add(scores.mean_deg);
    below.add(100 * scores.below_11_25);
    floor_angle.add(
        normal_scores(normals_through_autoencoder(normals.folder().root().string(), sample),
                      sample.normals, sample.mask)
            .mean_deg);
  }
  std::printf("%lld scenes that were not trained on\n\n", static_cast<long long>(scenes.size()));
  std::printf("| AbsRel, %% | fitted in depth | fitted in log | delta1, log |\n");
  std::printf("| --- | ---: | ---: | ---: |\n");
  floor.print("truth through the autoencoder");
  model.print("model");
  other_way.print("model, inverted pictures");
  ramp.print("fitted ramp");
  mean_row.print("mean map of the training scenes");
  median.print("median constant");
  std::printf("\nlog: model / mean map %.3f, model / ramp %.3f\n",
              model.log.value() / mean_row.log.value(), model.log.value() / ramp.log.value());
  std::printf("normals: mean angle %.1f degrees, %.1f %% below 11.25 (autoencoder alone: %.1f)\n\n",
              angle.value(), below.value(), floor_angle.value());
}

struct Pair {
  std::string name;
  Sample sample;
  DepthMaps predicted;
};

void score_pairs(const Estimator& depth, const DepthMaps& mean, const Dataset& list) {
  std::vector<Pair> pairs;
  for (std::int64_t i = 0; i < list.size(); ++i) {
    Sample sample = list.read(i);
    DepthMaps predicted = predicted_depth(depth, sample.image);
    pairs.push_back({list.name(i), std::move(sample), std::move(predicted)});
  }
  for (const FitDomain domain : kDomains) {
    std::printf("Pairs, AbsRel in %%, fitted in %s\n\n",
                domain == FitDomain::depth ? "depth" : "log");
    std::printf("| pair | model | ramp | mean map | median | others' | inverted |\n");
    std::printf("| --- | ---: | ---: | ---: | ---: | ---: | ---: |\n");
    Mean columns[6];
    for (const Pair& pair : pairs) {
      const Truths truth = {pair.sample.depth_m, pair.sample.mask};
      const std::int64_t height = pair.sample.image.size(0);
      const std::int64_t width = pair.sample.image.size(1);
      Mean others;
      for (const Pair& other : pairs) {
        if (&other == &pair) continue;
        others.add(scores_of(resized(other.predicted, height, width), truth, domain).abs_rel);
      }
      const double row[] = {
          scores_of(pair.predicted, truth, domain).abs_rel,
          depth_scores(fitted_ramp(truth.depth_m, truth.mask, domain), truth.depth_m, truth.mask)
              .abs_rel,
          scores_of(resized(mean, height, width), truth, domain).abs_rel,
          depth_scores(median_depth(truth.depth_m, truth.mask), truth.depth_m, truth.mask).abs_rel,
          others.value(),
          scores_of(predicted_depth(depth, inverted(pair.sample.image)), truth, domain).abs_rel};
      std::printf("| %s |", pair.name.c_str());
      for (std::size_t k = 0; k < 6; ++k) {
        std::printf(" %.1f |", 100 * row[k]);
        columns[k].add(100 * row[k]);
      }
      std::printf("\n");
    }
    std::printf("| mean |");
    for (const Mean& column : columns) std::printf(" %.1f |", column.value());
    std::printf("\n\nmodel / ramp %.3f, model / mean map %.3f, model / others' %.3f\n\n",
                columns[0].value() / columns[1].value(), columns[0].value() / columns[2].value(),
                columns[0].value() / columns[4].value());
  }
}

int run(int argc, char** argv) {
  const CommandLine line(argc, argv, {{"--scenes", "500"}, {"--seed", "2001"}, {"--pairs", ""}}, 2);
  const Estimator depth = Estimator::load(line.word(0));
  const Estimator normals = Estimator::load(line.word(1));
  const auto trained = rendered_scenes({.count = 2000, .height = 96, .width = 128, .seed = 1});
  const DepthMaps mean = mean_map(*trained, code_range(depth));
  if (const std::int64_t count = line.number("--scenes", 0); count > 0) {
    const auto scenes =
        rendered_scenes({.count = count,
                         .height = 96,
                         .width = 128,
                         .seed = static_cast<std::uint64_t>(line.number("--seed", 0))});
    score_scenes(depth, normals, mean, *scenes);
  }
  if (!line.text("--pairs").empty()) {
    score_pairs(depth, mean, *open_manifest(line.text("--pairs"), {.truth = Truth::depth}).dataset);
  }
  return 0;
}

}  // namespace
}  // namespace onestep::benchmarks

int main(int argc, char** argv) {
  try {
    return onestep::benchmarks::run(argc, argv);
  } catch (const onestep::Error& error) {
    std::fprintf(stderr, "bundled_model: %s\n%s", error.what(), onestep::benchmarks::kUsage);
    return 1;
  }
}
