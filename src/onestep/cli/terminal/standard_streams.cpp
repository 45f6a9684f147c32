#include "onestep/cli/terminal/standard_streams.h"

#include "onestep/base/check.h"
#include "onestep/cli/terminal/interrupt.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <climits>
#include <csignal>
#include <cstring>
#include <string>

namespace onestep {
namespace {

constexpr int kLookAgainMs = 100;

int first_error = 0;                 // of the first write to stdout that failed
std::atomic<bool> given_up = false;  // a stream was; later lines are not waited for

}  // namespace

void protect_standard_streams() {
  for (const int stream : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (fcntl(stream, F_GETFD) != -1 || errno != EBADF) continue;
    // Read-only in place of stdout: what is written there must fail, not vanish.
    const int flags = stream == STDERR_FILENO ? O_WRONLY : O_RDONLY;
    if (open("/dev/null", flags) == -1) return;
  }
  std::signal(SIGXFSZ, SIG_IGN);
}

int write_standard_stream(int stream, std::string_view text) {
  // What a pipe (a page) or a terminal takes without waiting once it says that it takes something.
  const std::size_t chunk = isatty(stream) == 1 ? 256 : PIPE_BUF;
  while (!text.empty()) {
    pollfd waiting = {stream, POLLOUT, 0};
    const int ready = poll(&waiting, 1, given_up ? 0 : kLookAgainMs);
    if (ready == 0 && signal_came()) {
      given_up = true;
      return ECANCELED;
    }
    if (ready == 0 || (ready == -1 && errno == EINTR)) continue;
    const ssize_t count = write(stream, text.data(), std::min(chunk, text.size()));
    if (count == -1 && (errno == EINTR || errno == EAGAIN)) continue;
    if (count == -1) return errno;
    text.remove_prefix(static_cast<std::size_t>(count));
  }
  return 0;
}

void print_result(std::string_view line) {
  const int error = write_standard_stream(STDOUT_FILENO, std::string(line) + "\n");
  if (error != 0 && first_error == 0) first_error = error;
}

void check_results() {
  check(first_error == 0,
        "standard output: expected room for the results, found: ", std::strerror(first_error));
}

}  // namespace onestep
