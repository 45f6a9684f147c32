#include "onestep/output/output_files.h"

namespace onestep {
namespace {

std::string with_modality(const std::string& stem, Modality modality) {
  return stem + (modality == Modality::depth ? "_depth" : "_normals");
}

/// What the names of files begin with that maps of depth and of normals have alike.
std::string common_name(const std::string& stem, Modality modality, const OutputOptions& options) {
  return options.modality_in_every_name ? with_modality(stem, modality) : stem;
}

}  // namespace

std::vector<OutputFile> planned_files(const std::string& stem,
                                      Modality modality,
                                      const OutputOptions& options) {
  const bool depth = modality == Modality::depth;
  const std::string name = with_modality(stem, modality);
  const auto wants = [&](OutputFormat format) { return options.formats.count(format) > 0; };
  std::vector<OutputFile> files;
  const auto add = [&](OutputContent content, const std::string& file) {
    files.push_back({content, options.folder / file});
  };
  if (wants(OutputFormat::npy)) add(OutputContent::map, name + ".npy");
  if (wants(OutputFormat::png16) && depth) add(OutputContent::sixteen_bit, name + ".png");
  if (wants(OutputFormat::color))
    add(OutputContent::colours, name + (depth ? "_color.png" : ".png"));
  if (wants(OutputFormat::pfm)) add(OutputContent::pfm, name + ".pfm");
  if (wants(OutputFormat::exr)) add(OutputContent::exr, name + ".exr");
  const std::string common = common_name(stem, modality, options);
  if (options.uncertainty) add(OutputContent::uncertainty, common + "_uncertainty.npy");
  if (options.uncertainty && wants(OutputFormat::color)) {
    add(OutputContent::uncertainty_picture, common + "_uncertainty.png");
  }
  if (options.intermediates)
    add(OutputContent::intermediates, common + "_intermediates.safetensors");
  if (wants(OutputFormat::json)) add(OutputContent::description, common + ".json");
  return files;
}

std::filesystem::path description_path(const std::string& stem,
                                       Modality modality,
                                       const OutputOptions& options) {
  return options.folder / (common_name(stem, modality, options) + ".json");
}

std::vector<std::filesystem::path> paths_of(const std::vector<OutputFile>& files) {
  std::vector<std::filesystem::path> paths;
  for (const OutputFile& file : files) paths.push_back(file.path);
  return paths;
}

std::vector<std::filesystem::path> output_files(const std::string& stem,
                                                Modality modality,
                                                const OutputOptions& options) {
  return paths_of(planned_files(stem, modality, options));
}

}  // namespace onestep
