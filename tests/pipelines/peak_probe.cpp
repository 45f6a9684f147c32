// Predicts one grey picture in a process of its own and prints the peak of its resident memory:
// peak_probe FOLDER HEIGHT WIDTH THREADS

#include "onestep/output/peak_memory.h"
#include "onestep/pipelines/estimator.h"

#include <cstdlib>
#include <iostream>

int main(int count, char** arguments) {
  if (count != 5) return 2;
  try {
    onestep::LoadOptions options;
    options.cpu.threads = std::atoi(arguments[4]);
    auto estimator = onestep::Estimator::load(arguments[1], options);
    const onestep::Array grey(onestep::DType::uint8,
                              {std::atoi(arguments[2]), std::atoi(arguments[3]), 3});
    onestep::PredictOptions native;
    native.processing_resolution = 0;
    const auto prediction = estimator.predict(grey, native);
    std::cout << onestep::peak_memory_bytes() << "\n";
  } catch (const std::exception& error) {
    std::cerr << error.what() << "\n";
    return 1;
  }
  return 0;
}
