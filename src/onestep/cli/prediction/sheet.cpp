#include "onestep/cli/prediction/sheet.h"

#include "onestep/cli/terminal/messages.h"
#include "onestep/io/file.h"
#include "onestep/io/image.h"
#include "onestep/io/jpeg.h"
#include "onestep/io/png.h"
#include "onestep/viz/contact_sheet.h"

#include <algorithm>
#include <system_error>

namespace onestep {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMostRows = 64;
constexpr std::int64_t kHeight = 240;

Array shrunk(const Array& picture) {
  const std::int64_t width = std::max<std::int64_t>(1, picture.size(1) * kHeight / picture.size(0));
  return resize_u8(picture, kHeight, width, Resample::bilinear);
}

/// The pictures of the maps; fewer than there are models where one is missing.
std::vector<fs::path> pictures_of(const Photograph& photograph,
                                  const std::vector<PlannedModel>& models,
                                  const OutputOptions& options) {
  std::vector<fs::path> pictures;
  for (const PlannedModel& model : models) {
    for (const OutputFile& file : planned_files(photograph.path.stem().native(), model.modality,
                                                options_for(photograph, options))) {
      if (file.content == OutputContent::colours && file_exists(file.path)) {
        pictures.push_back(file.path);
      }
    }
  }
  return pictures;
}

}  // namespace

void refuse_overwriting_sheet(const PredictRequest& request,
                              const std::vector<Photograph>& photographs) {
  for (const Photograph& photograph : photographs) {
    std::error_code unknown;
    if (request.sheet.empty() || !fs::equivalent(request.sheet, photograph.path, unknown)) continue;
    throw UsageError(concatenate("--sheet: expected inputs to stay as they are, found the input ",
                                 photograph.path.native(), "; choose another name"));
  }
}

void write_sheet(const PredictRequest& request,
                 const std::vector<PlannedModel>& models,
                 const std::vector<Photograph>& photographs) {
  std::vector<std::vector<Array>> rows;
  for (const Photograph& photograph : photographs) {
    if (rows.size() == kMostRows) break;
    const auto pictures = pictures_of(photograph, models, request.output);
    if (pictures.size() < models.size()) continue;  // it failed, which is told elsewhere
    std::vector<Array>& row = rows.emplace_back();
    row.push_back(shrunk(read_image(photograph.path)));
    for (const fs::path& picture : pictures) row.push_back(shrunk(read_image(picture)));
  }
  if (rows.empty()) return;
  const Array sheet = contact_sheet(rows);
  if (request.sheet.has_parent_path()) make_folder(request.sheet.parent_path());
  if (request.sheet.extension() == ".png") return write_png(request.sheet, sheet);
  write_file_atomically(request.sheet, encode_jpeg(sheet));
}

}  // namespace onestep
