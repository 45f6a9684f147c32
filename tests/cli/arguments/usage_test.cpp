#include <gtest/gtest.h>

#include "cli/command_line_fixture.h"

namespace onestep::testing {
namespace {

using Usage = CommandLine;

TEST_F(Usage, PrintsHelpAndVersionOnStandardOutput) {
  for (const std::string word : {"--help", "-h", "help", "--version"}) {
    const ProcessResult result = run({word});
    EXPECT_EQ(result.exit_status, 0) << word;
    EXPECT_TRUE(result.out.starts_with("onestep")) << result.out;
    EXPECT_EQ(result.err, "") << word;
  }
}

TEST_F(Usage, HelpOfPredictNamesEveryOptionAndFitsATerminal) {
  const ProcessResult result = run({"predict", "--help"});
  EXPECT_EQ(result.exit_status, 0);
  for (const std::string option :
       {"-m, --model",      "-o, --output",      "--modality",      "--steps",
        "--spacing",        "--noise",           "--seed",          "--processing-res",
        "--resample",       "--match-input",     "--threads",       "--formats",
        "--color-map",      "--prompt-tokens",   "--variant",       "--save-intermediates",
        "--no-match-input", "--pipeline",        "--ensemble",      "--batch",
        "--align",          "--reduction",       "--uncertainty",   "--prediction-type",
        "--resample-input", "--resample-output", "--skip-existing", "-0, --null",
        "--fp16",           "--denoise_steps",   "-q, --quiet",     "--json",
        "nearest-exact",    "npy, png16",        "trailing",        "spectral",
        "gaussian",         "--device"}) {
    EXPECT_NE(result.out.find(option), std::string::npos) << option;
  }
  for (const std::string& line : lines_of(result.out)) EXPECT_LE(line.size(), 100u) << line;
  EXPECT_EQ(result.out.find("--simd"), std::string::npos) << "is for tests";
}

TEST_F(Usage, HelpWithACommandPrintsThatOfTheCommand) {
  for (const std::string command : {"predict", "train", "inspect", "licences"}) {
    const ProcessResult result = run({"help", command});
    EXPECT_EQ(result.exit_status, 0);
    EXPECT_EQ(result.out, run({command, "--help"}).out);
  }
  const ProcessResult unknown = run({"help", "perdict"});
  EXPECT_EQ(unknown.exit_status, 2);
  EXPECT_TRUE(says_one_line(unknown, {"\"perdict\"", "\"predict\"?"}));
}

TEST_F(Usage, HelpOfInspectNamesItsOptions) {
  const ProcessResult result = run({"inspect", "-h"});
  EXPECT_EQ(result.exit_status, 0);
  EXPECT_NE(result.out.find("--size"), std::string::npos);
}

struct Mistake {
  std::string name;
  std::vector<std::string> arguments;  // behind "predict photo.png -m <model>" when the first is ""
  std::vector<std::string> message;
};

class UsageMistake : public CommandLine, public ::testing::WithParamInterface<Mistake> {};

TEST_P(UsageMistake, ExitsWithTwoAndOneLineBeforeAnyWork) {
  photograph("photo.png");
  std::vector<std::string> arguments = GetParam().arguments;
  if (!arguments.empty() && arguments.front().empty()) {
    arguments.erase(arguments.begin());
    const std::vector<std::string> begin = {"predict", "photo.png", "-m", model()};
    arguments.insert(arguments.begin(), begin.begin(), begin.end());
  }
  const ProcessResult result = run(arguments);
  EXPECT_EQ(result.exit_status, 2);
  EXPECT_EQ(result.out, "");
  EXPECT_TRUE(says_one_line(result, GetParam().message));
  EXPECT_EQ(files_in("."), std::vector<std::string>{"photo.png"});
}

INSTANTIATE_TEST_SUITE_P(
    Typed,
    UsageMistake,
    ::testing::ValuesIn(std::vector<Mistake>{
        {"NoCommand", {}, {"command", "--help"}},
        {"UnknownCommand",
         {"perdict", "photo.png"},
         {"unknown command \"perdict\"", "\"predict\""}},
        {"UnknownFlag", {"--vresion"}, {"unknown option", "\"--version\""}},
        {"NoInput", {"predict", "-m", "model"}, {"photographs"}},
        {"UnknownOption", {"", "--stepz", "3"}, {"unknown option \"--stepz\"", "\"--steps\""}},
        {"UnknownOptionWithValue", {"", "--stepz=3"}, {"\"--stepz\"", "\"--steps\""}},
        {"OneDashTooFew", {"", "-steps", "3"}, {"\"-steps\"", "\"--steps\""}},
        {"NothingLikeIt", {"", "--xylophone"}, {"\"--xylophone\"", "predict --help"}},
        {"ZeroSteps", {"", "--steps", "0"}, {"--steps", "from 1", "\"0\""}},
        {"NegativeSteps", {"", "--steps", "-4"}, {"--steps", "\"-4\""}},
        {"StepsNotANumber", {"", "--steps", "many"}, {"--steps", "whole number", "\"many\""}},
        {"StepsWithATail", {"", "--steps", "4x"}, {"--steps", "\"4x\""}},
        {"StepsWithoutValue", {"", "--steps"}, {"--steps", "found none"}},
        {"HugeSteps", {"", "--steps", "99999999999999999999"}, {"--steps"}},
        {"NegativeResolution", {"", "--processing-res", "-5"}, {"--processing-res", "\"-5\""}},
        {"Spacing",
         {"", "--spacing", "trailling"},
         {"--spacing", "\"trailling\"", "\"trailing\"?"}},
        {"Noise", {"", "--noise", "gausian"}, {"--noise", "\"gaussian\"?"}},
        {"Seed", {"", "--seed", "-1"}, {"--seed", "\"-1\""}},
        {"Resample", {"", "--resample", "bilinaer"}, {"--resample", "\"bilinear\"?"}},
        {"Modality", {"", "--modality", "normal"}, {"--modality", "\"normals\"?"}},
        {"Formats", {"", "--formats", "nyp"}, {"--formats", "\"nyp\"", "\"npy\"?"}},
        {"SecondFormat", {"", "--formats", "npy,jsn"}, {"--formats", "\"jsn\"", "\"json\"?"}},
        {"NoFormat", {"", "--formats", ""}, {"--formats"}},
        {"Sheet", {"", "--sheet", "sheet.gif"}, {"--sheet", ".png or .jpg", "\"sheet.gif\""}},
        {"SheetWithoutColours",
         {"", "--sheet", "sheet.png", "--formats", "npy"},
         {"--sheet", "color among --formats"}},
        {"SheetOverAnInput", {"", "--sheet", "./photo.png"}, {"--sheet", "the input photo.png"}},
        {"ColourMap", {"", "--color-map", "foo"}, {"--color-map", "\"foo\"", "spectral"}},
        {"NearColourMap", {"", "--color-map", "virdis"}, {"\"viridis\"?"}},
        {"ReversedColourMap", {"", "--color-map", "virdis_r"}, {"\"viridis_r\"?"}},
        {"Pipeline", {"", "--pipeline", "marigod"}, {"--pipeline", "\"marigold\"?"}},
        {"Ensemble", {"", "--ensemble", "0"}, {"--ensemble", "from 1"}},
        {"Batch", {"", "--batch", "-1"}, {"--batch", "\"-1\""}},
        {"Align", {"", "--align", "referense"}, {"--align", "\"reference\"?"}},
        {"Reduction", {"", "--reduction", "meen"}, {"--reduction", "\"mean\"?"}},
        {"PredictionType", {"", "--prediction-type", "v"}, {"--prediction-type", "epsilon"}},
        {"ResampleInput", {"", "--resample-input", "aera"}, {"--resample-input", "\"area\"?"}},
        {"ResampleOutput", {"", "--resample-output", "x"}, {"--resample-output", "bicubic"}},
        {"UncertaintyAlone", {"", "--uncertainty"}, {"--uncertainty", "--ensemble"}},
        {"Marigold", {"", "--denoise_step", "4"}, {"\"--denoise_steps\"?"}},
        {"MarigoldValue", {"", "--denoise_steps", "0"}, {"--steps", "from 1"}},
        {"ReductionOfDepth", {"", "--reduction", "closest"}, {"--reduction", "depth"}},
        {"EmptyModel", {"", "-m", ""}, {"-m", "checkpoint folder"}},
        {"PromptTokens", {"", "--prompt-tokens", "3"}, {"--prompt-tokens", "2 or 77"}},
        {"Threads", {"", "--threads", "-2"}, {"--threads", "\"-2\""}},
        {"Device", {"", "--device", "gpu"}, {"--device", "cuda or cuda:1", "\"gpu\""}},
        {"NearDevice", {"", "--device", "cdua"}, {"--device", "\"cuda\"?"}},
        {"DeviceNumber", {"", "--device", "cuda:x"}, {"--device", "\"cuda:x\""}},
        {"SimdOfADevice",
         {"", "--device", "cuda", "--conv-algorithm", "direct"},
         {"--conv-algorithm", "--device cpu", "cuda"}},
        {"NearTrain", {"trian", "recipe.json"}, {"unknown command \"trian\"", "\"train\"?"}},
        {"Simd", {"", "--simd", "mmx"}, {"--simd", "\"mmx\""}},
        {"ConvAlgorithm", {"", "--conv-algorithm", "dircet"}, {"\"direct\"?"}},
        {"Variant", {"", "--variant", "a/b"}, {"--variant"}},
        {"FlagWithValue", {"", "--quiet=perhaps"}, {"quiet"}},
        {"InspectNothing", {"inspect"}, {"checkpoint folder"}},
        {"InspectTwo", {"inspect", "one", "two"}, {"\"one\"", "\"two\""}},
        {"InspectSize", {"inspect", "one", "--size", "768"}, {"--size", "768x576"}},
        {"InspectZeroSize", {"inspect", "one", "--size", "0x5"}, {"--size", "\"0x5\""}},
        {"InspectOption", {"inspect", "one", "--sise=3"}, {"\"--sise\"", "\"--size\""}},
        {"LineBreak", {"predict\nit"}, {"predict\\nit"}},
    }),
    [](const auto& mistake) { return mistake.param.name; });

TEST_F(Usage, RefusesToWriteOverAnInput) {
  photograph("photo.png");
  photograph("photo_depth.png");
  const ProcessResult result =
      run({"predict", "photo.png", "photo_depth.png", "-m", model(), "-o", "."});
  EXPECT_EQ(result.exit_status, 2);
  EXPECT_TRUE(says_one_line(result, {"photo.png", "photo_depth.png", "-o"}));
  EXPECT_EQ(files_in(".").size(), 2u);
}

}  // namespace
}  // namespace onestep::testing
