#include "onestep/api/estimate_state.h"
#include "onestep/api/onestep.h"
#include "onestep/base/check.h"

#include <utility>

namespace onestep {

Estimate::Estimate(std::shared_ptr<const State> state) : state_(std::move(state)) {}

Quantity Estimate::quantity() const {
  return quantity_of(state_->prediction.modality, state_->prediction.disparity);
}

std::int64_t Estimate::height() const {
  return state_->prediction.map.size(0);
}

std::int64_t Estimate::width() const {
  return state_->prediction.map.size(1);
}

int Estimate::channels() const {
  return state_->prediction.modality == Modality::normals ? 3 : 1;
}

std::span<const float> Estimate::values() const {
  return state_->prediction.map.view<float>();
}

float Estimate::at(std::int64_t row, std::int64_t column, int channel) const {
  const bool inside = row >= 0 && row < height() && column >= 0 && column < width() &&
                      channel >= 0 && channel < channels();
  check(inside, "estimate: (", row, ", ", column, ", ", channel, ") is beyond the edges of ",
        height(), "x", width(), "x", channels());
  return values()[static_cast<std::size_t>((row * width() + column) * channels() + channel)];
}

std::span<const float> Estimate::uncertainty() const {
  return state_->prediction.uncertainty.view<float>();
}

const std::string& Estimate::normal_frame() const {
  return state_->prediction.normal_frame;
}

bool Estimate::scale_invariant() const {
  return quantity() != Quantity::normals && state_->prediction.scale_invariant;
}

bool Estimate::shift_invariant() const {
  return quantity() != Quantity::normals && state_->prediction.shift_invariant;
}

}  // namespace onestep
