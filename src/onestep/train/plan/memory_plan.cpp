#include "onestep/train/plan/memory_plan.h"

#include "onestep/backend/torch/torch_storage.h"
#include "onestep/base/thread_pool.h"
#include "onestep/data/manifest.h"
#include "onestep/data/manifest/manifest_rows.h"
#include "onestep/data/manifest/row_checks.h"
#include "onestep/data/manifest/row_sample.h"
#include "onestep/io/image.h"
#include "onestep/train/plan/rehearsal.h"
#include "onestep/train/run/data_sets.h"

#include <ATen/Parallel.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <string>

namespace onestep {
namespace {

/// A set of pictures as far as it must be known.
struct PlannedData {
  PlannedBatch picture;
  std::int64_t samples = 0;
};

PlannedData planned_data(const DataEntry& entry, const Recipe& recipe) {
  if (entry.kind == DataEntry::Kind::analytic) {
    return {{entry.size->height, entry.size->width, 3}, entry.count};
  }
  ManifestRows list = read_manifest_rows(entry.path);
  if (!list.problems.empty()) {
    std::vector<std::string> texts;
    for (LineProblem& problem : list.problems) texts.push_back(std::move(problem.text));
    throw ManifestProblems(entry.path, std::move(texts));
  }
  const ManifestRow& first = list.rows.front();
  const Truth truth = wanted_truth(recipe);
  const std::int64_t pictures =
      1 + (reads_depth(first, truth) ? 1 : 0) + (reads_normals(first, truth) ? 1 : 0);
  const auto count = static_cast<std::int64_t>(list.rows.size());
  if (entry.size) return {{entry.size->height, entry.size->width, pictures}, count};
  const PictureHeader header = read_image_header(first.image);
  return {{header.height, header.width, pictures}, count};
}

/// All sets together: the largest of their first pictures decides.
PlannedData planned_data(const Recipe& recipe) {
  PlannedData all;
  for (const DataEntry& entry : recipe.data) {
    const PlannedData data = planned_data(entry, recipe);
    all.samples += data.samples;
    const bool larger =
        data.picture.height * data.picture.width > all.picture.height * all.picture.width;
    if (larger) all.picture = data.picture;
  }
  return all;
}

/// Of a sample as it is read ahead: the picture, the mask, two depths, normals.
std::int64_t sample_bytes(const PlannedBatch& picture, Truth truth) {
  const std::int64_t truths = truth == Truth::depth ? 8 : truth == Truth::normals ? 12 : 20;
  return picture.height * picture.width * (3 + 1 + truths);
}

/// Resident memory of this process, by now.
std::int64_t resident_bytes() {
  std::ifstream file("/proc/self/statm");
  std::int64_t pages = 0;
  std::int64_t resident = 0;
  file >> pages >> resident;
  return resident * ::sysconf(_SC_PAGESIZE);
}

/// Every picture and its mirror image at most, as far as the run gets and the cache allows.
std::int64_t cached_bytes(const Recipe& recipe, std::int64_t samples, std::int64_t latent) {
  const std::int64_t seen = recipe.steps * recipe.accumulation * recipe.batch;
  return std::min(recipe.latent_cache_bytes, std::min(2 * samples, seen) * latent);
}

/// What a rehearsal does not see: kernels that oneDNN compiles, scratch memory of matrix products,
/// threads, holes between blocks too small to go back to the system. Fitted to runs of 190 to
/// 2000 MB; with it the total was within 10 % of each in float32, a fifth low in bfloat16.
std::int64_t unseen_bytes(std::int64_t activations, const Recipe& recipe) {
  constexpr std::int64_t kMega = 1000000;
  // Without return_freed_blocks() the heap has larger holes.
  const bool returned = recipe.checkpoint_unet || recipe.checkpoint_decoder;
  return std::min(70 * kMega, 40 * kMega + activations / 2) + (returned ? 0 : activations / 8);
}

}  // namespace

MemoryPlan plan_memory(const TrainRequest& request) {
  const Recipe& recipe = request.recipe;
  TorchOptions torch;
  torch.device = request.device;
  torch.precision = recipe.precision;
  torch_device(torch);  // complains of one that is not there
  at::set_num_threads(request.threads > 0 ? request.threads : available_processors());

  const PlannedData data = planned_data(recipe);
  const StepMemory step = rehearsed_step(planned_model(recipe), recipe, torch, data.picture);

  MemoryPlan plan;
  plan.weights = step.weights;
  plan.gradients = step.gradients;
  plan.optimiser = step.moments;
  plan.activations = step.peak - step.weights - step.gradients - step.moments;
  if (torch_device(torch).is_cpu()) {
    // On a GPU these two lie elsewhere, in the host's memory.
    plan.latents = cached_bytes(recipe, data.samples, step.latent);
    const std::int64_t read_ahead =
        (2 * request.workers + 1) * recipe.batch + recipe.validation_samples;
    plan.program = resident_bytes() + unseen_bytes(plan.activations, recipe) +
                   read_ahead * sample_bytes(data.picture, wanted_truth(recipe));
  }
  plan.total = plan.weights + plan.gradients + plan.optimiser + plan.activations + plan.latents +
               plan.program;
  return plan;
}

std::string to_text(const MemoryPlan& plan) {
  std::string text;
  const auto add = [&](const char* name, std::int64_t bytes) {
    char line[96];
    std::snprintf(line, sizeof line, "%-12s %8.1f MB", name, static_cast<double>(bytes) / 1e6);
    text += std::string(text.empty() ? "" : "\n") + line;
  };
  add("weights", plan.weights);
  add("gradients", plan.gradients);
  add("optimiser", plan.optimiser);
  add("activations", plan.activations);
  add("latents", plan.latents);
  add("program", plan.program);
  add("total", plan.total);
  return text;
}

}  // namespace onestep
