#include "onestep/pipelines/stages/run_networks.h"

#include "onestep/base/check.h"
#include "onestep/pipelines/stages/network_passes.h"

#include <algorithm>
#include <cstddef>
#include <vector>

namespace onestep {
namespace {

/// The first `channels` of float32 [1,H,W,C], times `factor`: the mean half of the moments, scaled.
Array scaled_mean(const Array& moments, std::int64_t channels, float factor) {
  const auto from = moments.view<float>();
  const std::int64_t pixels = moments.size(1) * moments.size(2);
  const std::int64_t stride = moments.size(3);
  Array latent(DType::float32, {1, moments.size(1), moments.size(2), channels});
  const auto to = latent.mutable_view<float>();
  for (std::int64_t i = 0; i < pixels; ++i) {
    for (std::int64_t c = 0; c < channels; ++c) {
      to[static_cast<std::size_t>(i * channels + c)] =
          from[static_cast<std::size_t>(i * stride + c)] * factor;
    }
  }
  return latent;
}

Array divided(const Array& array, float divisor) {
  Array result = array;
  for (float& value : result.mutable_view<float>()) value /= divisor;
  return result;
}

/// Members [begin, begin + count) of the first axis.
Array members_of(const Array& all, std::int64_t begin, std::int64_t count) {
  Shape shape = all.shape();
  const std::int64_t length = all.elements() / shape.front();
  shape.front() = count;
  return Array::of<float>(shape,
                          all.view<float>().subspan(static_cast<std::size_t>(begin * length),
                                                    static_cast<std::size_t>(count * length)));
}

/// Arrays of one shape but the first axis, one after the other along it.
class Gathered {
 public:
  explicit Gathered(std::int64_t members) : members_(members) {}

  void append(const Array& part) {
    if (all_.rank() != part.rank()) {
      Shape shape = part.shape();
      shape.front() = members_;
      all_ = Array(DType::float32, shape);
    }
    const auto from = part.view<float>();
    std::copy(from.begin(), from.end(), all_.mutable_view<float>().begin() + filled_);
    filled_ += part.elements();
  }
  const Array& all() const { return all_; }

 private:
  std::int64_t members_;
  std::int64_t filled_ = 0;
  Array all_;
};

void check_finite(const Array& array, const NetworkParts& parts, const std::string& what) {
  check(all_finite(array), parts.name, ": ", what,
        " holds NaN or infinity; are the checkpoint's weights damaged or meant for another model?");
}

/// Hands named values to the caller who asked for them.
class Recorder {
 public:
  explicit Recorder(std::map<std::string, Array>* target) : target_(target) {}

  bool wanted() const { return target_ != nullptr; }
  void value(const std::string& name, const Array& array) const {
    if (target_ != nullptr) (*target_)[name] = array;
  }
  /// Networks work on [B,H,W,C], the reference's tensors are [B,C,H,W].
  void map(const std::string& name, const Array& nhwc) const {
    if (target_ != nullptr) (*target_)[name] = channels_first(nhwc);
  }

 private:
  std::map<std::string, Array>* target_;
};

Array encoded(Backend& backend,
              const NetworkParts& parts,
              const Array& image,
              const Recorder& record) {
  const AutoencoderKlConfig& config = parts.vae.config();
  const Array latent = scaled_mean(encode_image(backend, parts.vae, image), config.latent_channels,
                                   static_cast<float>(config.scaling_factor));
  check_finite(latent, parts, "the latent of the image (stage encode, vae encoder)");
  record.map("image_latent", latent);
  return latent;
}

/// The UNet on all members, `batch` at a time: [E,C,h,w] -> [E,C,h,w].
Array unet_output(Backend& backend,
                  const NetworkParts& parts,
                  const Array& image_latent,
                  const Array& latents,
                  std::int64_t timestep,
                  std::int64_t batch) {
  const std::int64_t members = latents.size(0);
  Gathered output(members);
  for (std::int64_t begin = 0; begin < members; begin += batch) {
    const Array chunk = members_of(latents, begin, std::min(batch, members - begin));
    output.append(channels_first(run_unet(backend, parts.unet, image_latent, channels_last(chunk),
                                          static_cast<double>(timestep), parts.context)));
  }
  check_finite(output.all(), parts,
               concatenate("the output of the unet (stage denoise, t=", timestep, ")"));
  return output.all();
}

/// The members' latents [E,C,h,w] after the last step.
Array denoised(Backend& backend,
               const NetworkParts& parts,
               const Array& image_latent,
               StartLatents& start,
               const NetworkRequest& request,
               const Recorder& record) {
  const std::vector<std::int64_t> timesteps = parts.scheduler.timesteps(request.steps);
  // In the reference's order of axes, on which the order of the drawn numbers depends.
  Array latents = start.draw(
      {request.members, image_latent.size(3), image_latent.size(1), image_latent.size(2)},
      {timesteps.front(), parts.scheduler.train_timesteps()});
  record.value("noise", latents);
  record.value("timesteps",
               Array::of<std::int64_t>({static_cast<std::int64_t>(timesteps.size())}, timesteps));

  for (std::size_t k = 0; k < timesteps.size(); ++k) {
    const std::int64_t t = timesteps[k];
    const Array output = unet_output(backend, parts, image_latent, latents, t, request.batch);
    // All members step together, so that noise drawn on the way does not depend on `batch`.
    const SchedulerStep step =
        parts.scheduler.step(output, k, latents, request.steps, start.generator());
    latents = request.decode_clean && k + 1 == timesteps.size() ? step.x0 : step.previous;
    const std::string name = std::to_string(k);
    record.value("unet_output." + name, output);
    record.value("clean." + name, step.x0);
    record.value("latent." + name, latents);
  }
  return latents;
}

void decode_members(Backend& backend,
                    const NetworkParts& parts,
                    const Array& latents,
                    std::int64_t batch,
                    const NetworkWatch& watch,
                    const Recorder& record) {
  const Array unscaled = divided(latents, static_cast<float>(parts.vae.config().scaling_factor));
  const std::int64_t members = latents.size(0);
  Gathered kept(members);
  for (std::int64_t begin = 0; begin < members; begin += batch) {
    const std::int64_t count = std::min(batch, members - begin);
    const Array images =
        decode_latents(backend, parts.vae, channels_last(members_of(unscaled, begin, count)));
    check_finite(images, parts, "the decoded image (stage decode, vae decoder)");
    if (record.wanted()) kept.append(images);
    for (std::int64_t i = 0; i < count; ++i) watch.on_decoded(members_of(images, i, 1));
  }
  if (record.wanted()) record.map("decoded", kept.all());
}

}  // namespace

void run_networks(Backend& backend,
                  const NetworkParts& parts,
                  const Array& image,
                  StartLatents& start,
                  const NetworkRequest& request,
                  const NetworkWatch& watch) {
  const Recorder record(watch.intermediates);
  record.map("image", image);
  record.value("text_embedding", parts.context);

  watch.on_stage("encode");
  const Array image_latent = encoded(backend, parts, image, record);
  watch.on_stage("denoise");
  const Array latents = denoised(backend, parts, image_latent, start, request, record);
  watch.on_stage("decode");
  decode_members(backend, parts, latents, request.batch, watch, record);
}

}  // namespace onestep
