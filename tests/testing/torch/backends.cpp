// What stands for testing/backends.cpp in the tests of networks on libtorch.
#include "testing/backends.h"

#include "onestep/backend/torch/torch_engine.h"

namespace onestep::testing {

std::vector<TestedBackend> tested_backends() {
  // One thread: libtorch's wait for each other in a loop, which is slow where others work too.
  const auto on = [](const std::string& device) {
    return [device] { return make_torch_engine({.device = device}, /*threads=*/1); };
  };
  return {{.name = "torch_cpu", .make_engine = on("cpu")},
          {.name = "torch_cuda",
           .make_engine = on("cuda"),
           .missing = torch_cuda_available() ? "" : "no GPU here"}};
}

std::vector<TestedBackend> tested_engines() {
  return tested_backends();
}

}  // namespace onestep::testing
