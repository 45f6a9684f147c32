// predict_depth MODEL PHOTO FOLDER: what is nearest in a photograph, and its depth map as files.
#include "onestep/api/onestep.h"

#include <algorithm>
#include <cstdio>

int main(int argc, char** argv) {
  if (argc != 4) {
    std::fprintf(stderr, "usage: predict_depth MODEL PHOTO FOLDER\n");
    return 2;
  }
  try {
    const onestep::Model model = onestep::Model::load(argv[1]);
    const onestep::Picture photo = onestep::read_picture(argv[2]);

    onestep::EstimateOptions options;
    options.on_progress = [](const onestep::EstimateProgress& progress) {
      std::fprintf(stderr, "\r%3.0f %%", 100 * progress.fraction);
    };
    const onestep::Estimate depth = model.predict(photo.view(), options);

    const auto values = depth.values();  // [height, width], 0 is near and 1 is far
    const auto nearest = std::min_element(values.begin(), values.end()) - values.begin();
    std::printf("nearest pixel: row %ld, column %ld\n", static_cast<long>(nearest / depth.width()),
                static_cast<long>(nearest % depth.width()));
    for (const auto& file : model.save(depth, argv[2], {.folder = argv[3]})) {
      std::printf("%s\n", file.c_str());
    }
  } catch (const onestep::Error& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}
