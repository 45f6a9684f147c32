#include "onestep/cli/terminal/standard_streams.h"

#include "onestep/base/check.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <string>

namespace onestep {
namespace {

int first_error = 0;  // errno of the first write to stdout that failed

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

void print_result(std::string_view line) {
  const std::string text = std::string(line) + "\n";
  const bool written =
      std::fwrite(text.data(), 1, text.size(), stdout) == text.size() && std::fflush(stdout) == 0;
  if (!written && first_error == 0) first_error = errno;
}

void flush_results() {
  if (std::fflush(stdout) != 0 && first_error == 0) first_error = errno;
  check(first_error == 0,
        "standard output: expected room for the results, found: ", std::strerror(first_error));
}

}  // namespace onestep
