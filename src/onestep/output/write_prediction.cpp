#include "onestep/output/write_prediction.h"

#include "onestep/base/check.h"
#include "onestep/io/file.h"
#include "onestep/io/npy.h"
#include "onestep/io/png.h"
#include "onestep/io/safetensors.h"
#include "onestep/viz/colour_map.h"

#include <system_error>

namespace onestep {
namespace {

/// One file of a prediction, and what goes into it.
enum class Content { map, sixteen_bit, colours, intermediates, description };

struct OutputFile {
  Content content;
  std::filesystem::path path;
};

std::vector<OutputFile> planned_files(const std::string& stem,
                                      Modality modality,
                                      const OutputOptions& options) {
  const bool depth = modality == Modality::depth;
  const std::string name = stem + (depth ? "_depth" : "_normals");
  const auto wants = [&](OutputFormat format) { return options.formats.count(format) > 0; };
  std::vector<OutputFile> files;
  const auto add = [&](Content content, const std::string& file) {
    files.push_back({content, options.folder / file});
  };
  if (wants(OutputFormat::npy)) add(Content::map, name + ".npy");
  if (wants(OutputFormat::png16) && depth) add(Content::sixteen_bit, name + ".png");
  if (wants(OutputFormat::color)) add(Content::colours, name + (depth ? "_color.png" : ".png"));
  if (options.intermediates) add(Content::intermediates, stem + "_intermediates.safetensors");
  if (wants(OutputFormat::json)) add(Content::description, stem + ".json");
  return files;
}

std::vector<std::filesystem::path> paths_of(const std::vector<OutputFile>& files) {
  std::vector<std::filesystem::path> paths;
  for (const OutputFile& file : files) paths.push_back(file.path);
  return paths;
}

Array colours_of(const Prediction& prediction, const std::string& colour_map) {
  return prediction.modality == Modality::depth ? coloured_depth(prediction.map, colour_map)
                                                : coloured_normals(prediction.map);
}

void create_folder(const std::filesystem::path& folder) {
  if (folder.empty()) return;
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  check(!error, folder.string(), ": cannot create the folder: ", error.message());
}

/// Removes the files it was told of unless everything was kept.
class Undo {
 public:
  Undo() = default;
  ~Undo() {
    std::error_code ignored;
    for (const auto& path : written_) std::filesystem::remove(path, ignored);
  }
  Undo(const Undo&) = delete;
  Undo& operator=(const Undo&) = delete;

  void wrote(const std::filesystem::path& path) { written_.push_back(path); }
  void keep() { written_.clear(); }

 private:
  std::vector<std::filesystem::path> written_;
};

}  // namespace

std::vector<std::filesystem::path> output_files(const std::string& stem,
                                                Modality modality,
                                                const OutputOptions& options) {
  return paths_of(planned_files(stem, modality, options));
}

std::vector<std::filesystem::path> write_prediction(const Prediction& prediction,
                                                    const Estimator& estimator,
                                                    const std::filesystem::path& input,
                                                    const OutputOptions& options) {
  const auto files = planned_files(input.stem().string(), prediction.modality, options);
  const auto paths = paths_of(files);
  create_folder(options.folder);
  Undo undo;
  for (const auto& [content, path] : files) {
    if (options.stop.stop_requested()) throw Cancelled();
    switch (content) {
      case Content::map:
        write_npy(path, prediction.map);
        break;
      case Content::sixteen_bit:
        write_png(path, depth_as_uint16(prediction.map), options.stop);
        break;
      case Content::colours:
        write_png(path, colours_of(prediction, options.colour_map), options.stop);
        break;
      case Content::intermediates:
        write_safetensors(path, prediction.intermediates);
        break;
      case Content::description:
        write_file_atomically(path, describe(prediction, estimator, input, paths, false) + "\n");
        break;
    }
    undo.wrote(path);
  }
  undo.keep();
  return paths;
}

}  // namespace onestep
