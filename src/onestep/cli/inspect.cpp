#include "onestep/cli/arguments/command_line.h"
#include "onestep/cli/arguments/help.h"
#include "onestep/cli/arguments/values.h"
#include "onestep/cli/commands.h"
#include "onestep/cli/model_report.h"
#include "onestep/cli/terminal/messages.h"
#include "onestep/cli/terminal/standard_streams.h"
#include "onestep/hub/cache_folder.h"
#include "onestep/hub/find_model.h"

#include <optional>

namespace onestep {
namespace {

constexpr char kDescription[] =
    R"(What a checkpoint folder holds, and what one photograph costs on it.

Usage: onestep inspect MODEL [--size WIDTHxHEIGHT] [--json] [options]

Tells components, parameters, dtypes, scheduler, defaults, which estimator the folder wants and why,
licence, operations and peak memory. Only headers and configurations are read, so that it is quick
on any size. Checkpoints that predict refuses are shown too, with the reason.
)";

constexpr char kFooter[] = R"(
Operations count a multiply-add as two.

Examples:
  onestep inspect e2e-depth
  onestep inspect e2e-depth --size 1024x768 --json)";

constexpr char kOptions[] = "Options";

struct InspectRequest {
  std::string model;
  ReportOptions report;
  bool json = false;
};

void declare_options(CLI::App& app, InspectRequest& request) {
  add_value(app,
            {"--size", "WxH",
             "size of the picture as the networks see it (default: 4:3 at the checkpoint's "
             "processing resolution, 768x576 for most)",
             kOptions},
            [&](const auto& option, const auto& text) {
              const TypedSize size = size_of_image(option, text);
              request.report.size = ImageSize{size.height, size.width};
            });
  add_switch(app, "--json", request.json, "print one JSON object", kOptions);
  add_value(app,
            {"--threads", "N", "of the run that is planned, 0 (default): one for each processor",
             kOptions},
            [&](const auto& option, const auto& text) {
              request.report.threads = static_cast<int>(whole_number(option, text, 0, 1024));
            });
  add_value(
      app, {"--variant", "NAME", "prefer weight files of this variant, for example fp16", kOptions},
      [&](const auto&, const auto& text) { request.report.variant = text; });
}

std::optional<InspectRequest> parse_inspect(const Arguments& arguments) {
  InspectRequest request;
  CLI::App app(kDescription, "onestep inspect");
  app.formatter(make_help_formatter());
  app.footer(kFooter);
  app.set_help_flag("-h,--help", "this text")->group(kOptions);
  declare_options(app, request);
  Arguments words;
  if (!parse_arguments(app, arguments, words)) return std::nullopt;
  request.model = only_word(app, words, "checkpoint folder");
  return request;
}

}  // namespace

bool run_inspect(const Arguments& arguments) {
  const auto request = parse_inspect(arguments);
  if (!request) return true;
  const ModelReport report =
      model_report(find_model(request->model, hub_cache_folder()), request->report);
  print_result(request->json ? to_json(report) : to_text(report));
  return true;
}

}  // namespace onestep
