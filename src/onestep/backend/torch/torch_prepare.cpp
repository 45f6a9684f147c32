#include "onestep/backend/torch/torch_storage.h"
#include "onestep/base/check.h"

#include <string_view>
#include <utility>

namespace onestep {
namespace {

class TorchPreparer final : public Preparer {
 public:
  TorchPreparer(TorchOptions options, bool trainable)
      : options_(std::move(options)), trainable_(trainable) {
    torch_device(options_);  // complains before any weight is read
  }

  void prepare(std::string_view key, Conv& conv) override { prepare_layer(key, conv); }
  void prepare(std::string_view key, Linear& linear) override { prepare_layer(key, linear); }
  void prepare(std::string_view key, GroupNorm& norm) override { prepare_layer(key, norm); }
  void prepare(std::string_view key, LayerNorm& norm) override { prepare_layer(key, norm); }

 private:
  template <typename Layer>
  void prepare_layer(std::string_view key, Layer& layer) const {
    auto prepared = std::make_shared<TorchPrepared>();
    prepared->weight = parameter(concatenate(key, ".weight"), layer.weight);
    if (layer.bias.elements() > 0) {
      prepared->bias = parameter(concatenate(key, ".bias"), layer.bias);
    }
    layer.weight.release_pages();
    layer.prepared = std::move(prepared);
  }

  at::Tensor parameter(const std::string& name, const Array& array) const {
    check(all_finite(array), name, ": expected finite numbers, found a NaN or an infinity");
    return to_torch(array, options_).set_requires_grad(trainable_);
  }

  TorchOptions options_;
  bool trainable_;
};

}  // namespace

std::unique_ptr<Preparer> make_torch_preparer(const TorchOptions& options, bool trainable) {
  return std::make_unique<TorchPreparer>(options, trainable);
}

}  // namespace onestep
