#include "onestep/base/thread_pool.h"
#include "onestep/cli/arguments/command_line.h"
#include "onestep/cli/arguments/help.h"
#include "onestep/cli/arguments/values.h"
#include "onestep/cli/commands.h"
#include "onestep/cli/terminal/interrupt.h"
#include "onestep/cli/terminal/messages.h"
#include "onestep/cli/terminal/status_line.h"
#include "onestep/data/depth_target.h"
#include "onestep/data/rendered/scene_folder.h"
#include "onestep/io/png.h"
#include "onestep/viz/colour_map.h"
#include "onestep/viz/contact_sheet.h"

#include <algorithm>
#include <filesystem>
#include <mutex>
#include <optional>

namespace onestep {
namespace {

constexpr char kDescription[] =
    R"(Pictures of a world that the program makes itself, with exact depth and normals.

Usage: onestep scenes -o FOLDER [--count N] [--size WIDTHxHEIGHT] [--seed N] [options]

Rooms, corridors, streets, open ground and things close up. Writes image/, depth/ (metres along the
optical axis, 0 for the sky) and normals/ (frame dsine), scenes.jsonl, a manifest that train takes
with --data, cameras.jsonl, and the contact sheet sheet.png. The same seed and size always give the
same scenes; in a folder that holds some of them already the missing ones are made.
)";

constexpr char kFooter[] = R"(
A recipe that says {"kind": "scenes", "seed": 1, "size": [192, 256]} in its data renders while it
trains.

Examples:
  onestep scenes -o scenes
  onestep scenes --count 1000 --size 256x192 --seed 1 -o scenes)";

constexpr char kOptions[] = "Options";

struct ScenesRequest {
  std::filesystem::path folder;
  SceneFolder::World world = {.seed = 1};
  std::int64_t count = 1000;
  int threads = 0;
  bool quiet = false;
};

void declare_options(CLI::App& app, ScenesRequest& request) {
  constexpr std::uint64_t kMost = 1'000'000'000;
  add_value(app, {"-o,--output", "FOLDER", "where to; made if it is not there", kOptions},
            [&](const auto&, const auto& text) { request.folder = text; });
  add_value(app, {"--count", "N", "how many scenes, 1000 unless given", kOptions},
            [&](const auto& option, const auto& text) {
              request.count = static_cast<std::int64_t>(whole_number(option, text, 1, kMost));
            });
  add_value(app, {"--size", "WxH", "of the pictures, 256x192 unless given", kOptions},
            [&](const auto& option, const auto& text) {
              const TypedSize size = size_of_image(option, text);
              request.world.width = size.width;
              request.world.height = size.height;
            });
  add_value(app, {"--seed", "N", "of the world, 1 unless given", kOptions},
            [&](const auto& option, const auto& text) {
              request.world.seed = whole_number(option, text, 0, std::uint64_t{1} << 40);
            });
  add_value(app, {"--threads", "N", "0 (default): one for each processor", kOptions},
            [&](const auto& option, const auto& text) {
              request.threads = static_cast<int>(whole_number(option, text, 0, 1024));
            });
  add_switch(app, "-q,--quiet", request.quiet, "no progress and no closing message", kOptions);
}

std::optional<ScenesRequest> parse_scenes(const Arguments& arguments) {
  ScenesRequest request;
  CLI::App app(kDescription, "onestep scenes");
  app.formatter(make_help_formatter());
  app.footer(kFooter);
  app.set_help_flag("-h,--help", "this text")->group(kOptions);
  declare_options(app, request);
  Arguments words;
  if (!parse_arguments(app, arguments, words)) return std::nullopt;
  if (!words.empty()) {
    throw UsageError(concatenate("scenes: expected options alone, found ", quoted(words.front()),
                                 "; see onestep scenes --help"));
  }
  if (request.folder.empty()) {
    throw UsageError("scenes: say where to write: onestep scenes -o FOLDER");
  }
  if (request.threads == 0) request.threads = available_processors();
  return request;
}

/// Those that are not there yet; the files are the same for any number of threads.
void render(const SceneFolder& folder, const ScenesRequest& request, const std::stop_token& stop) {
  StatusLine line(!request.quiet);
  const Stopwatch since_start;
  std::mutex mutex;
  std::int64_t done = 0;
  ThreadPool pool(request.threads);
  pool.parallel_for(request.count, 1, stop, [&](std::int64_t begin, std::int64_t end, int) {
    for (std::int64_t index = begin; index < end; ++index) {
      folder.write(index);
      const std::lock_guard lock(mutex);
      ++done;
      if (!line.due()) continue;
      const double left = since_start.seconds() / static_cast<double>(done) *
                          static_cast<double>(request.count - done);
      line.show(concatenate("scenes ", done, "/", request.count, ", ", duration(left), " left"));
    }
  });
}

/// Picture, depth and normals of the first scenes.
Array sheet_of(const SceneFolder& folder, std::int64_t count) {
  constexpr std::int64_t kMost = 32;
  constexpr std::size_t kColumns = 4;
  std::vector<std::vector<Array>> rows;
  for (std::int64_t index = 0; index < std::min(count, kMost); ++index) {
    const Sample scene = folder.sample(index);
    if (static_cast<std::size_t>(index) % kColumns == 0) rows.emplace_back();
    const DepthTarget target = depth_target(scene.depth_m, scene.mask);
    const Array depth = coloured_depth(target.depth_norm, "spectral", {.low = -1, .high = 1});
    for (const Array& picture : {scene.image, depth, coloured_normals(scene.normals)}) {
      rows.back().push_back(picture);
    }
  }
  return contact_sheet(rows);
}

}  // namespace

bool run_scenes(const Arguments& arguments) {
  const auto request = parse_scenes(arguments);
  if (!request) return true;
  Interrupt interrupt;
  try {
    const SceneFolder folder(request->folder, request->world);
    render(folder, *request, interrupt.stop());
    folder.write_lists(request->count);
    write_png(request->folder / "sheet.png", sheet_of(folder, request->count));
  } catch (const Cancelled&) {
    if (!request->quiet) print_message("interrupted; the same command goes on");
  }
  interrupt.throw_if_requested();
  if (!request->quiet) {
    print_message(concatenate(request->count, " scenes in ", request->folder.string(),
                              "; look at sheet.png, train with --data ",
                              (request->folder / "scenes.jsonl").string()));
  }
  return true;
}

}  // namespace onestep
