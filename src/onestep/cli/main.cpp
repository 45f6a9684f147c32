#include "onestep/base/check.h"
#include "onestep/cli/commands.h"
#include "onestep/cli/terminal/cut_file.h"
#include "onestep/cli/terminal/interrupt.h"
#include "onestep/cli/terminal/messages.h"
#include "onestep/cli/terminal/standard_streams.h"

#include <exception>
#include <new>

namespace onestep {
namespace {

constexpr int kSuccess = 0;
constexpr int kFailure = 1;
constexpr int kUsage = 2;

/// Looked at before anything else runs: the kernels' files are built for newer processors than this
/// one is.
bool processor_is_new_enough() {
#if defined(__x86_64__)
  return __builtin_cpu_supports("ssse3") && __builtin_cpu_supports("sse4.1") &&
         __builtin_cpu_supports("sse4.2") && __builtin_cpu_supports("popcnt");
#else
  return true;
#endif
}

int exit_status(int argc, char** argv) {
  try {
    check(processor_is_new_enough(),
          "this processor is too old: expected x86-64-v2 (SSE4.2 and POPCNT, 2009 or later)");
    const bool done = run_command({argv + (argc > 0 ? 1 : 0), argv + argc});
    check_results();
    return done ? kSuccess : kFailure;
  } catch (const UsageError& error) {
    print_message(error.what());
    return kUsage;
  } catch (const Interrupted& interrupted) {
    die_of_signal(interrupted.signal);
  } catch (const Error& error) {
    print_message(error.what());
  } catch (const std::bad_alloc&) {
    print_message("out of memory; try a smaller --processing-res or fewer --threads");
  } catch (const std::exception& error) {
    print_message(concatenate("internal error: ", error.what()));
  }
  return kFailure;
}

}  // namespace
}  // namespace onestep

int main(int argc, char** argv) {
  onestep::protect_standard_streams();
  onestep::report_cut_files();
  return onestep::exit_status(argc, argv);
}
