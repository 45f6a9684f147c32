#include "onestep/cli/terminal/cut_file.h"

#include "onestep/base/memory/mapped_ranges.h"

#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstddef>

namespace onestep {
namespace {

std::atomic_flag reported = ATOMIC_FLAG_INIT;
bool on_terminal = false;

/// A line built without allocation: what a signal handler may do.
class Line {
 public:
  void add(const char* text) {
    for (; *text != '\0' && length_ < sizeof text_; ++text) text_[length_++] = *text;
  }
  /// A name: control characters, which would break the line, become question marks.
  void add_name(const char* name) {
    for (; *name != '\0' && length_ < sizeof text_; ++name) {
      const auto byte = static_cast<unsigned char>(*name);
      text_[length_++] = byte < 0x20 || byte == 0x7f ? '?' : *name;
    }
  }
  void write_to_stderr() const {
    [[maybe_unused]] const auto written = write(STDERR_FILENO, text_, length_);
  }

 private:
  char text_[8192];
  std::size_t length_ = 0;
};

void handle_bus_error(int signal, siginfo_t* information, void* /*context*/) {
  const char* file = mapped_file_at(information->si_addr);
  // A page that is no longer there is BUS_ADRERR; others were sent by somebody, or are faults of
  // ours.
  if (information->si_code != BUS_ADRERR) {
    std::signal(signal, SIG_DFL);
    raise(signal);  // comes through when this handler returns
    return;
  }
  while (reported.test_and_set()) pause();  // another thread is about to end the program
  Line line;
  if (on_terminal) line.add("\r\x1b[K");  // the progress display's line
  line.add("onestep: ");
  if (file != nullptr) {
    line.add_name(file);
    line.add(": ");
  }
  line.add("the file became shorter while it was read; wait until it is complete\n");
  line.write_to_stderr();
  _exit(1);
}

}  // namespace

void report_cut_files() {
  on_terminal = isatty(STDERR_FILENO) == 1;
  struct sigaction action = {};
  action.sa_sigaction = handle_bus_error;
  action.sa_flags = SA_SIGINFO;
  sigemptyset(&action.sa_mask);
  sigaction(SIGBUS, &action, nullptr);
}

}  // namespace onestep
