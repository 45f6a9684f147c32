#include "onestep/pipelines/cost.h"

#include "onestep/backend/cpu/cpu_backend.h"
#include "onestep/backend/plan/plan_backend.h"
#include "onestep/base/check.h"
#include "onestep/models/clip_text.h"
#include "onestep/pipelines/stages/network_passes.h"

#include <algorithm>

namespace onestep {
namespace {

/// Resident memory that does not grow with model or image: the program's own pages, its libraries,
/// thread stacks, the allocator's slack.
constexpr std::int64_t kProcessBytes = std::int64_t{6} << 20;

/// Bytes that preparation keeps of a network whose tensors the file stores as `state` says: only
/// dtypes are looked at.
class PreparedBytes final : public LayerVisitor {
 public:
  explicit PreparedBytes(const StateDict& state) : state_(state) {}

  void operator()(const std::string& key, Conv& conv) override {
    conv.weight = as_stored(key, conv.weight);
    bytes_ += cpu_prepared_bytes(conv);
  }
  void operator()(const std::string& key, Linear& linear) override {
    linear.weight = as_stored(key, linear.weight);
    bytes_ += cpu_prepared_bytes(linear);
  }
  void operator()(const std::string& /*key*/, GroupNorm& norm) override { add_norm(norm.weight); }
  void operator()(const std::string& /*key*/, LayerNorm& norm) override { add_norm(norm.weight); }
  void operator()(const std::string& /*key*/, Embedding& /*embedding*/) override {}

  std::int64_t bytes() const { return bytes_; }

 private:
  /// A file that lacks the tensor is refused when it is loaded, not when its cost is asked for.
  Array as_stored(const std::string& key, const Array& declared) const {
    const auto found = state_.find(key + ".weight");
    const auto any = found != state_.end() ? found : state_.begin();
    return any == state_.end() ? declared : Array::declared(any->second.dtype(), declared.shape());
  }
  void add_norm(const Array& weight) {
    bytes_ += 2 * weight.elements() * static_cast<std::int64_t>(sizeof(float));
  }

  const StateDict& state_;
  std::int64_t bytes_ = 0;
};

template <typename Network>
std::int64_t prepared_bytes(Network& network, const StateDict& state) {
  PreparedBytes counter(state);
  network.visit(counter);
  return counter.bytes();
}

struct PassCost {
  double multiply_adds = 0;
  std::int64_t arena_bytes = 0;
  std::int64_t transformed_bytes = 0;
};

template <typename Pass>
PassCost planned(const Pass& pass) {
  Run run;
  PlanBackend backend(run, cpu_storage_bytes, cpu_transformed_bytes);
  pass(backend);
  return {run.multiply_adds, backend.peak_bytes(), backend.peak_conv_bytes()};
}

}  // namespace

double host_bytes(const HostWork& work) {
  constexpr double kFloat = sizeof(float);
  const double pixels =
      static_cast<double>(work.size.height) * static_cast<double>(work.size.width);
  const auto members = static_cast<double>(work.batches.members);
  const double together = std::min(members, static_cast<double>(work.batches.batch));
  // The picture, the network's input, the decoded images as they leave the backend.
  double pixel_bytes = 3 + 3 * kFloat + 3 * kFloat * together;
  // The members' maps, twice while they are stacked; merging looks at one map in double precision.
  if (work.batches.members > 1) {
    pixel_bytes += 2 * kFloat * work.map_channels * members + sizeof(double);
  }
  // Kept are the decoded images, twice while they are put into the reference's order.
  if (work.kept_steps > 0) pixel_bytes += 2 * 3 * kFloat * members;
  // The latents before and after a step, its two results and the unet's; three a step are kept.
  const double latents = 5 + (work.kept_steps > 0 ? 1 + 3 * work.kept_steps : 0);
  const double latent_bytes = kFloat * work.latent_channels * latents * members;
  return pixels * (pixel_bytes + latent_bytes / (work.factor * work.factor));
}

PassCosts plan_passes(const UNet& unet,
                      const AutoencoderKl& vae,
                      const ImageSize& size,
                      int prompt_tokens,
                      const MemberBatches& batches) {
  const std::int64_t factor = vae.config().scale_factor();
  const auto latents = [&](std::int64_t count) {
    return Array::declared(DType::float32, {count, size.height / factor, size.width / factor,
                                            vae.config().latent_channels});
  };
  const Array image =
      Array::declared(DType::float32, {1, size.height, size.width, vae.config().in_channels});
  const Array context = Array::declared(
      DType::float32, {1, prompt_tokens, unet.config().cross_attention_dim.front()});

  const PassCost encoder = planned([&](Backend& b) { encode_image(b, vae, image); });
  PassCosts costs{encoder.multiply_adds, 0, 0, encoder.arena_bytes, encoder.transformed_bytes};
  const auto add_chunks = [&](std::int64_t size_of_chunk, std::int64_t chunks) {
    if (size_of_chunk == 0 || chunks == 0) return;
    const Array chunk = latents(size_of_chunk);
    const PassCost step =
        planned([&](Backend& b) { run_unet(b, unet, latents(1), chunk, 0.0, context); });
    const PassCost decoder = planned([&](Backend& b) { decode_latents(b, vae, chunk); });
    costs.unet += static_cast<double>(chunks) * step.multiply_adds;
    costs.decoder += static_cast<double>(chunks) * decoder.multiply_adds;
    costs.arena_bytes = std::max({costs.arena_bytes, step.arena_bytes, decoder.arena_bytes});
    costs.transformed_bytes =
        std::max({costs.transformed_bytes, step.transformed_bytes, decoder.transformed_bytes});
  };
  add_chunks(batches.batch, batches.members / batches.batch);
  add_chunks(batches.members % batches.batch, 1);
  return costs;
}

CostPlan plan_cost(const DiffusersFolder& folder,
                   std::int64_t processed_height,
                   std::int64_t processed_width,
                   int steps,
                   int prompt_tokens,
                   int threads,
                   int ensemble_size,
                   int batch) {
  check(steps >= 1, "steps is ", steps, "; it must be at least 1");
  check(ensemble_size >= 1 && batch >= 1, "an ensemble of ", ensemble_size, " in batches of ",
        batch, "; both must be at least 1");
  UNet unet(folder.unet_config());
  AutoencoderKl vae(folder.vae_config());
  const int factor = vae.config().scale_factor();
  check(processed_height >= factor && processed_width >= factor, "a size of ", processed_width, "x",
        processed_height, " pixels is too small; both sides must be at least ", factor);
  const PassCosts passes = plan_passes(unet, vae, {processed_height, processed_width},
                                       prompt_tokens, {ensemble_size, batch});

  CostPlan plan;
  plan.encoder_multiply_adds = passes.encoder;
  plan.unet_multiply_adds = passes.unet * steps;
  plan.decoder_multiply_adds = passes.decoder;
  plan.multiply_adds =
      plan.encoder_multiply_adds + plan.unet_multiply_adds + plan.decoder_multiply_adds;
  plan.arena_bytes = passes.arena_bytes;
  plan.prepared_bytes = prepared_bytes(unet, folder.read_state("unet")) +
                        prepared_bytes(vae, folder.read_state("vae"));

  const HostWork work = {.size = {processed_height, processed_width},
                         .batches = {ensemble_size, batch},
                         .latent_channels = vae.config().latent_channels,
                         .factor = factor};
  plan.transformed_bytes = passes.transformed_bytes;
  // Scratch takes memory as far as it is used, which small maps do not.
  const std::int64_t scratch = std::min(cpu_scratch_bytes(threads), plan.arena_bytes);
  const std::int64_t predicting = plan.prepared_bytes + plan.arena_bytes + plan.transformed_bytes +
                                  scratch + static_cast<std::int64_t>(host_bytes(work));
  ClipText text(folder.text_config());
  const std::int64_t encoding_text = prepared_bytes(text, folder.read_state("text_encoder"));
  plan.peak_bytes = kProcessBytes + std::max(predicting, encoding_text);
  return plan;
}

}  // namespace onestep
