#include "onestep/output/write_prediction.h"

#include "onestep/base/check.h"
#include "onestep/io/file.h"
#include "onestep/io/float_images/exr.h"
#include "onestep/io/float_images/pfm.h"
#include "onestep/io/npy.h"
#include "onestep/io/png.h"
#include "onestep/io/safetensors.h"
#include "onestep/viz/colour_map.h"

#include <cerrno>
#include <cstdlib>
#include <system_error>

namespace onestep {
namespace {

/// One file of a prediction, and what goes into it.
enum class Content {
  map,
  sixteen_bit,
  colours,
  pfm,
  exr,
  uncertainty,
  uncertainty_picture,
  intermediates,
  description
};

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
  if (wants(OutputFormat::pfm)) add(Content::pfm, name + ".pfm");
  if (wants(OutputFormat::exr)) add(Content::exr, name + ".exr");
  const std::string common = options.modality_in_every_name ? name : stem;
  if (options.uncertainty) add(Content::uncertainty, common + "_uncertainty.npy");
  if (options.uncertainty && wants(OutputFormat::color)) {
    add(Content::uncertainty_picture, common + "_uncertainty.png");
  }
  if (options.intermediates) add(Content::intermediates, common + "_intermediates.safetensors");
  if (wants(OutputFormat::json)) add(Content::description, common + ".json");
  return files;
}

std::vector<std::filesystem::path> paths_of(const std::vector<OutputFile>& files) {
  std::vector<std::filesystem::path> paths;
  for (const OutputFile& file : files) paths.push_back(file.path);
  return paths;
}

/// Depth in the colours that the prediction's reference gives it: the research code draws from a
/// table, diffusers mixes the colours of some maps itself.
Array colours_of(const Prediction& prediction, const std::string& colour_map) {
  if (prediction.modality == Modality::normals) return coloured_normals(prediction.map);
  const bool research = prediction.options.pipeline == Pipeline::e2e;
  return coloured_depth(
      prediction.map, colour_map,
      {.method = research ? ColourMethod::table : colour_method_of_diffusers(colour_map)});
}

/// Everything but the description.
void write_content(Content content,
                   const Prediction& prediction,
                   const OutputOptions& options,
                   const std::filesystem::path& path) {
  switch (content) {
    case Content::map:
      return write_npy(path, prediction.map);
    case Content::sixteen_bit:
      return write_png(path, depth_as_uint16(prediction.map), options.stop);
    case Content::colours:
      return write_png(path, colours_of(prediction, options.colour_map), options.stop);
    case Content::pfm:
      return write_pfm(path, prediction.map);
    case Content::exr:
      return write_exr(path, prediction.map, meaning_in_words(prediction), options.stop);
    case Content::uncertainty:
      return write_npy(path, prediction.uncertainty);
    case Content::uncertainty_picture:
      return write_png(path, uncertainty_picture(prediction.uncertainty), options.stop);
    case Content::intermediates:
      return write_safetensors(path, prediction.intermediates);
    case Content::description:
      return;
  }
}

void create_folder(const std::filesystem::path& folder) {
  if (folder.empty()) return;
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  check(!error, folder.string(), ": cannot create the folder: ", error.message());
}

/// What cannot be replaced is found before the first result is moved into place, so that a set is
/// never half new.
void check_replaceable(const std::vector<std::filesystem::path>& results) {
  using std::filesystem::file_type;
  for (const std::filesystem::path& result : results) {
    std::error_code unknown;
    const file_type type = std::filesystem::symlink_status(result, unknown).type();
    if (type == file_type::directory) {
      fail(result.string(),
           ": expected a file to replace or nothing, found a folder of this name; ",
           "remove it or choose another output folder");
    }
    const bool special = type == file_type::fifo || type == file_type::socket ||
                         type == file_type::block || type == file_type::character;
    check(!special, result.string(), ": expected a file to replace or nothing, found a device, a ",
          "pipe or a socket; choose another output folder");
  }
}

/// A folder beside the results in which they are written first, so that an older set of results is
/// replaced by a whole new one or stays. Removed with whatever is left in it.
class Staging {
 public:
  explicit Staging(const std::filesystem::path& folder) {
    std::string name = (folder.empty() ? "." : folder.string()) + "/.onestep-XXXXXX";
    const bool made = mkdtemp(name.data()) != nullptr;
    const int error = errno;
    check(made, folder.string(),
          ": cannot write into the folder: ", std::generic_category().message(error));
    folder_ = name;
  }
  ~Staging() {
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }
  Staging(const Staging&) = delete;
  Staging& operator=(const Staging&) = delete;

  /// A message about a staged file, about the result instead.
  std::string naming_result(std::string message) const {
    const std::string staged = folder_.filename().string() + "/";
    const auto position = message.find(staged);
    if (position != std::string::npos) message.erase(position, staged.size());
    return message;
  }
  std::filesystem::path path_of(const std::filesystem::path& result) const {
    return folder_ / result.filename();
  }
  void move_to(const std::filesystem::path& result) const {
    std::error_code error;
    std::filesystem::rename(path_of(result), result, error);
    check(!error, result.string(), ": cannot be written: ", error.message());
  }

 private:
  std::filesystem::path folder_;
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
  const Prediction shown = presented(prediction, options.normals);
  create_folder(options.folder);
  const Staging staging(options.folder);
  for (const auto& [content, result] : files) {
    if (options.stop.stop_requested()) throw Cancelled();
    try {
      if (content == Content::description) {
        write_file_atomically(staging.path_of(result),
                              describe(shown, estimator, input, paths, false) + "\n");
      } else {
        write_content(content, shown, options, staging.path_of(result));
      }
    } catch (const Cancelled&) {
      throw;
    } catch (const Error& error) {
      fail(staging.naming_result(error.what()));
    }
  }
  check_replaceable(paths);
  for (const auto& path : paths) staging.move_to(path);
  return paths;
}

}  // namespace onestep
