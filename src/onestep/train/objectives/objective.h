#pragma once

#include "onestep/data/batch.h"
#include "onestep/train/model/parameters.h"
#include "onestep/train/objectives/losses.h"

#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace onestep {

/// One fixed sample, looked at without gradients.
struct Validation {
  std::map<std::string, double> metrics;  ///< "abs_rel", "delta1", "mean_deg", "l1"
  std::vector<Array> pictures;            ///< uint8 [H,W,3]: the image, the prediction, the truth
};

/// What is trained for: which parameters, and the loss of a micro-batch.
class Objective {
 public:
  virtual ~Objective() = default;

  /// The parameters that are trained.
  virtual const std::vector<NamedParameter>& parameters() const = 0;
  /// Names of the first and the last of them on the way of the data: where no gradient arrives,
  /// something in between is cut.
  virtual std::vector<std::string> ends() const = 0;

  /// The loss of a micro-batch, with the graph of its gradients. A function of the parameters, the
  /// batch and its number.
  virtual Loss loss(const Batch& batch) = 0;
  /// The first sample of the batch.
  virtual Validation validate(const Batch& batch) = 0;

  /// The trained model as a complete diffusers folder. `folder` must not be there.
  virtual void write_model(const std::filesystem::path& folder) const = 0;

 protected:
  Objective() = default;
  Objective(const Objective&) = default;
  Objective& operator=(const Objective&) = default;
};

}  // namespace onestep
