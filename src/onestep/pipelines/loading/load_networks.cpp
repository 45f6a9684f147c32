#include "onestep/pipelines/loading/load_networks.h"

#include "onestep/base/check.h"
#include "onestep/pipelines/loading/prepare_network.h"

#include <cstdint>
#include <optional>
#include <string>
#include <utility>

namespace onestep {
namespace {

/// Prepares networks and reports which part of all bytes is done.
class Loader {
 public:
  Loader(const DiffusersFolder& folder,
         Engine::Lease& lease,
         std::stop_token stop,
         const std::function<void(double)>& on_progress)
      : folder_(folder),
        preparer_(lease.preparer()),
        stop_(std::move(stop)),
        on_progress_(on_progress) {}

  template <typename Network>
  void expect(Network& network) {
    total_ += parameter_bytes(network);
  }

  template <typename Network>
  void prepare(Network& network, const std::string& component) {
    NetworkPreparer visitor(*preparer_, folder_.weights(component).path.string(), stop_,
                            [this](std::int64_t bytes) { advance(bytes); });
    network.visit(visitor);
  }

 private:
  void advance(std::int64_t bytes) {
    done_ += bytes;
    if (on_progress_) on_progress_(static_cast<double>(done_) / static_cast<double>(total_));
  }

  const DiffusersFolder& folder_;
  std::unique_ptr<Preparer> preparer_;
  std::stop_token stop_;
  const std::function<void(double)>& on_progress_;
  std::int64_t total_ = 0;
  std::int64_t done_ = 0;
};

Array empty_prompt_embedding(const DiffusersFolder& folder,
                             const ClipText& text_encoder,
                             int prompt_tokens,
                             Engine::Lease& lease,
                             const std::stop_token& stop) {
  Run run;
  run.stop = stop;
  const auto backend = lease.backend(run);
  const auto ids = folder.empty_prompt_ids(/*full_length=*/prompt_tokens > 2);
  const int known = text_encoder.config().vocab_size;
  for (const std::int64_t id : ids) {
    check(id < known, folder.root().string(), ": the tokenizer's token ", id,
          " is beyond the text encoder's vocabulary of ", known,
          "; the components belong to different checkpoints");
  }
  const Array state = backend->download(text_encoder(*backend, {ids}));
  check(all_finite(state), folder.weights("text_encoder").path.string(),
        ": the embedding of the empty prompt holds NaN or infinity; is the file damaged?");
  return state.reshaped({1, state.size(1), state.size(3)});
}

void check_context(const DiffusersFolder& folder, const UNet& unet, const Array& context) {
  for (const int width : unet.config().cross_attention_dim) {
    check(width == context.size(2), folder.root().string(), ": text_encoder returns tokens of ",
          context.size(2), " numbers, unet expects ", width,
          "; the components belong to different checkpoints");
  }
}

}  // namespace

LoadedNetworks load_networks(const DiffusersFolder& folder,
                             int prompt_tokens,
                             Engine& engine,
                             const std::stop_token& stop,
                             const std::function<void(double fraction)>& on_progress) {
  // Opened first, all of them: a file that does not fit is reported before any work.
  std::optional<ClipText> text_encoder = folder.load_text_encoder();
  UNet unet = folder.load_unet();
  AutoencoderKl vae = folder.load_vae();
  const auto lease = engine.borrow(stop);
  Loader loader(folder, *lease, stop, on_progress);
  loader.expect(*text_encoder);
  loader.expect(unet);
  loader.expect(vae);

  loader.prepare(*text_encoder, "text_encoder");
  Array context = empty_prompt_embedding(folder, *text_encoder, prompt_tokens, *lease, stop);
  text_encoder.reset();
  check_context(folder, unet, context);
  loader.prepare(unet, "unet");
  loader.prepare(vae, "vae");
  return {std::move(unet), std::move(vae), std::move(context)};
}

}  // namespace onestep
