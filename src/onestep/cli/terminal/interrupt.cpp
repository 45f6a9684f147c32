#include "onestep/cli/terminal/interrupt.h"

#include "onestep/base/check.h"
#include "onestep/base/thread_pool.h"

#include <fcntl.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <cstring>

namespace onestep {
namespace {

// Note [Signals]: a handler may do next to nothing. Ours writes one byte into a pipe; a thread
// that waits at the other end requests the stop.
constexpr char kSignalCame = 's';
constexpr char kListenNoMore = 'q';
std::atomic<int> received_signal = 0;
std::atomic<int> write_end = -1;
int read_end = -1;

static_assert(std::atomic<int>::is_always_lock_free, "the handler needs lock-free atomics");

void handle_signal(int signal) {
  const int saved_errno = errno;
  int none = 0;
  if (received_signal.compare_exchange_strong(none, signal)) {
    [[maybe_unused]] const auto written = write(write_end, &kSignalCame, 1);
  } else {
    std::signal(signal, SIG_DFL);
    raise(signal);  // comes through when this handler returns
  }
  errno = saved_errno;
}

void listen(std::stop_source& source) {
  char byte = 0;
  while (true) {
    const auto count = read(read_end, &byte, 1);
    if (count == -1 && errno == EINTR) continue;
    if (count == 1 && byte == kSignalCame) {
      source.request_stop();
      continue;
    }
    return;
  }
}

void close_pipe() {
  close(read_end);
  close(write_end.exchange(-1));
}

}  // namespace

Interrupt::Interrupt() {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) fail("cannot open a pipe: ", std::strerror(errno));
  read_end = ends[0];
  write_end = ends[1];
  received_signal = 0;
  try {
    listener_ = start_thread([source = source_]() mutable { listen(source); });
  } catch (const Error&) {
    close_pipe();
    throw;
  }
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
    Previous previous{signal, {}};
    sigaction(signal, nullptr, &previous.action);
    if (previous.action.sa_handler == SIG_IGN) continue;  // as under nohup
    struct sigaction action = {};
    action.sa_handler = handle_signal;
    action.sa_flags = SA_RESTART;
    sigemptyset(&action.sa_mask);
    sigaction(signal, &action, nullptr);
    previous_.push_back(previous);
  }
}

Interrupt::~Interrupt() {
  for (const Previous& previous : previous_) sigaction(previous.signal, &previous.action, nullptr);
  [[maybe_unused]] const auto written = write(write_end, &kListenNoMore, 1);
  listener_.join();
  close_pipe();
}

void Interrupt::throw_if_requested() const {
  if (const int signal = received_signal; signal != 0) throw Interrupted(signal);
}

bool signal_came() {
  return received_signal != 0;
}

void die_of_signal(int signal) {
  std::signal(signal, SIG_DFL);
  sigset_t only;
  sigemptyset(&only);
  sigaddset(&only, signal);
  sigprocmask(SIG_UNBLOCK, &only, nullptr);
  raise(signal);
  std::_Exit(128 + signal);  // a shell's number for it, should the signal be held back
}

}  // namespace onestep
