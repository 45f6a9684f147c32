#include "onestep/cli/arguments/predict_help.h"

#include "onestep/cli/arguments/other_spellings.h"

namespace onestep {
namespace {

constexpr char kFiles[] = R"(
Files written for photo.jpg:
  photo_depth.npy             npy    float32 [H,W]: 0 nearest, 1 farthest (affine-invariant)
  photo_depth.png             png16  the same in 16 bit
  photo_depth_color.png       color  the same through --color-map
  photo_normals.npy           npy    float32 [H,W,3]: x, y, z in the frame that the JSON names
  photo_normals.png           color  the same in 8 bit colours
  photo_depth.pfm, .exr       pfm, exr  the same as npy, for image editors; photo_normals.pfm, .exr
  photo_uncertainty.npy              with --uncertainty: float32 [H,W]
  photo_uncertainty.png       color  the same in 8 bit, white from the 95th percentile on
  photo.json                  json   what the numbers mean, model, options, seconds, memory
  photo_intermediates.safetensors    with --save-intermediates
With depth and normals in one call the last four are called photo_depth_..., photo_normals_...
(photo_depth.json).
The results of photographs in sub-folders go to sub-folders of the same names.
)";

constexpr char kExamples[] = R"(
Examples:
  onestep predict photo.jpg
  onestep predict photo.jpg -m e2e-depth
  onestep predict photo.jpg -m e2e-depth -m e2e-normals
  onestep predict photo.jpg -m prs-eth/marigold-depth-v1-0 --steps 4 --ensemble 5 --uncertainty
  onestep predict holiday/ --sheet holiday.jpg
  onestep predict holiday/ -m e2e-normals -o normals --formats npy,color --skip-existing
  find . -name '*.jpg' -print0 | onestep predict - -0 -m e2e-depth --json)";

/// Each option of Marigold's scripts beside ours.
std::string spellings() {
  constexpr std::size_t kColumn = 30;
  std::string text = "\nMarigold's spellings are understood too:\n";
  for (const OtherSpelling& spelling : other_spellings()) {
    std::string line = "  " + spelling.theirs;
    line.resize(kColumn, ' ');
    if (spelling.ours == "--input") {
      line += "an INPUT";
    } else {
      line += spelling.ours.empty() ? "no effect" : spelling.ours;
    }
    if (spelling.theirs == "--resample_method") line += " (its nearest is nearest-exact)";
    text += line + "\n";
  }
  return text;
}

}  // namespace

const char kPredictDescription[] = R"(Depth or surface normals of photographs.

Usage: onestep predict INPUT... [-m MODEL] [-o FOLDER] [options]

  INPUT...  PNG or JPEG files; folders whose PNG and JPEG files are taken, those of sub-folders
            included and results of earlier runs left out; - for a list of such names on standard
            input, one a line
  MODEL     a checkpoint folder as diffusers saves it, with .safetensors weights, or ORG/NAME, a
            repository in the local Hugging Face cache (ORG/NAME@REVISION for another than main);
            without -m two small models that come with the program write depth and normals

Prints the first file written of each photograph, one a line; everything else goes to stderr.
Ctrl-C stops within a second and leaves no half-written file.
)";

std::string predict_footer() {
  return kFiles + spellings() + kExamples;
}

}  // namespace onestep
