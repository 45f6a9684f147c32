#include "onestep/output/write_prediction.h"

#include "onestep/base/check.h"
#include "onestep/io/file.h"
#include "onestep/io/float_images/exr.h"
#include "onestep/io/float_images/pfm.h"
#include "onestep/io/numpy/npy.h"
#include "onestep/io/png.h"
#include "onestep/io/safetensors.h"
#include "onestep/output/presented.h"
#include "onestep/viz/colour_map.h"

#include <cerrno>
#include <cstdlib>
#include <system_error>

namespace onestep {
namespace {

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
void write_content(OutputContent content,
                   const Prediction& prediction,
                   const OutputOptions& options,
                   const std::filesystem::path& path) {
  switch (content) {
    case OutputContent::map:
      return write_npy(path, prediction.map);
    case OutputContent::sixteen_bit:
      return write_png(path, depth_as_uint16(prediction.map), options.stop);
    case OutputContent::colours:
      return write_png(path, colours_of(prediction, options.colour_map), options.stop);
    case OutputContent::pfm:
      return write_pfm(path, prediction.map);
    case OutputContent::exr:
      return write_exr(path, prediction.map, meaning_in_words(prediction), options.stop);
    case OutputContent::uncertainty:
      return write_npy(path, prediction.uncertainty);
    case OutputContent::uncertainty_picture:
      return write_png(path, uncertainty_picture(prediction.uncertainty), options.stop);
    case OutputContent::intermediates:
      return write_safetensors(path, prediction.intermediates);
    case OutputContent::description:
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

std::vector<OutputFile> write_prediction(const Prediction& prediction,
                                         const Estimator& estimator,
                                         const std::filesystem::path& input,
                                         const OutputOptions& options) {
  const auto files = planned_files(input.stem().string(), prediction.modality, options);
  create_folder(options.folder);
  const Staging staging(options.folder);
  for (const auto& [content, result] : files) {
    if (options.stop.stop_requested()) throw Cancelled();
    try {
      if (content == OutputContent::description) {
        write_file_atomically(staging.path_of(result),
                              describe(prediction, estimator, input, files, false) + "\n");
      } else {
        write_content(content, prediction, options, staging.path_of(result));
      }
    } catch (const Cancelled&) {
      throw;
    } catch (const Error& error) {
      fail(staging.naming_result(error.what()));
    }
  }
  check_replaceable(paths_of(files));
  for (const OutputFile& file : files) staging.move_to(file.path);
  return files;
}

}  // namespace onestep
