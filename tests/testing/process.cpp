#include "testing/process.h"

#include "onestep/base/check.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace onestep::testing {
namespace {

using Clock = std::chrono::steady_clock;

struct Ends {
  int ours = -1;
  int childs = -1;
};

Ends make_pipe() {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) fail("pipe: ", std::strerror(errno));
  return {ends[0], ends[1]};
}

Ends make_terminal() {
  const int ours = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
  if (ours == -1 || grantpt(ours) != 0 || unlockpt(ours) != 0) {
    fail("pseudo-terminal: ", std::strerror(errno));
  }
  const int childs = open(ptsname(ours), O_RDWR | O_NOCTTY | O_CLOEXEC);
  check(childs != -1, "pseudo-terminal: ", std::strerror(errno));
  winsize size = {};
  size.ws_row = 24;
  size.ws_col = 80;
  ioctl(ours, TIOCSWINSZ, &size);
  return {ours, childs};
}

/// Fills a pipe to the last byte, so that the next write to it waits.
void fill(int pipe) {
  const int flags = fcntl(pipe, F_GETFL);
  fcntl(pipe, F_SETFL, flags | O_NONBLOCK);
  while (write(pipe, "\n", 1) == 1) {
  }
  fcntl(pipe, F_SETFL, flags);
}

/// What a child is to read: a file, the reading end of a pipe that holds the text already, or ours.
int standard_input(const ProcessOptions& options) {
  if (!options.standard_input_file.empty()) {
    const int file = open(options.standard_input_file.c_str(), O_RDONLY | O_CLOEXEC);
    check(file != -1, options.standard_input_file.native(), ": ", std::strerror(errno));
    return file;
  }
  const auto& text = options.standard_input;
  if (!text) return STDIN_FILENO;
  const Ends ends = make_pipe();
  check(write(ends.childs, text->data(), text->size()) == static_cast<ssize_t>(text->size()),
        "standard input: more than a pipe takes");
  close(ends.childs);
  return ends.ours;
}

/// From the next exec on.
bool give_up_overriding_permissions() {
  if (geteuid() != 0) return true;
  return prctl(PR_CAPBSET_DROP, CAP_DAC_OVERRIDE, 0, 0, 0) == 0 &&
         prctl(PR_CAPBSET_DROP, CAP_DAC_READ_SEARCH, 0, 0, 0) == 0;
}

/// Between fork and exec: only calls that are safe there. Returns only when something fails.
void become(
    char* const* words, const ProcessOptions& options, int in, const Ends& out, const Ends& err) {
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) ::signal(signal, SIG_DFL);
  if (!options.folder.empty() && chdir(options.folder.c_str()) != 0) return;
  if (options.file_size_limit) {
    const rlimit limit = {*options.file_size_limit, *options.file_size_limit};
    if (setrlimit(RLIMIT_FSIZE, &limit) != 0) return;
  }
  if (options.open_file_limit) {
    const rlimit limit = {*options.open_file_limit, *options.open_file_limit};
    if (setrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  }
  if (in != STDIN_FILENO && dup2(in, STDIN_FILENO) == -1) return;
  if (dup2(err.childs, STDERR_FILENO) == -1) return;
  switch (options.standard_output) {
    case StandardOutput::captured:
    case StandardOutput::stalled:
      if (dup2(out.childs, STDOUT_FILENO) == -1) return;
      break;
    case StandardOutput::closed:
      close(STDOUT_FILENO);
      break;
    case StandardOutput::full_device:
      if (dup2(open("/dev/full", O_WRONLY), STDOUT_FILENO) == -1) return;
      break;
  }
  setenv("TERM", "xterm", 1);
  for (const auto& [name, value] : options.environment) setenv(name.c_str(), value.c_str(), 1);
  if (options.obey_permissions && !give_up_overriding_permissions()) return;
  execv(words[0], words);
}

}  // namespace

bool has_terminals() {
  const int terminal = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
  if (terminal != -1) close(terminal);
  return terminal != -1;
}

Process::Process(const std::vector<std::string>& command, const ProcessOptions& options) {
  std::vector<std::string> copies = command;
  std::vector<char*> words;
  for (std::string& word : copies) words.push_back(word.data());
  words.push_back(nullptr);

  const Ends out = make_pipe();
  const bool stalled = options.standard_output == StandardOutput::stalled;
  if (stalled) fill(out.childs);
  const Ends err = options.terminal ? make_terminal() : make_pipe();
  const int in = standard_input(options);
  child_ = fork();
  check(child_ != -1, "fork: ", std::strerror(errno));
  if (child_ == 0) {
    become(words.data(), options, in, out, err);
    _exit(127);
  }
  if (in != STDIN_FILENO) close(in);
  close(out.childs);
  close(err.childs);
  streams_ = {{err.ours, &result_.err}};
  if (stalled) {
    stalled_ = out.ours;
  } else {
    streams_.push_back({out.ours, &result_.out});
  }
}

Process::~Process() {
  for (const Stream& stream : streams_) close(stream.descriptor);
  if (stalled_ != -1) close(stalled_);
  if (child_ == -1) return;
  kill(child_, SIGKILL);
  waitpid(child_, nullptr, 0);
}

/// Collects what comes within `patience`; false when both streams are at their end.
bool Process::pump(std::chrono::milliseconds patience) {
  std::vector<pollfd> waiting;
  for (const Stream& stream : streams_) waiting.push_back({stream.descriptor, POLLIN, 0});
  if (waiting.empty()) return false;
  poll(waiting.data(), waiting.size(), static_cast<int>(patience.count()));
  std::vector<Stream> open_streams;
  for (std::size_t i = 0; i < streams_.size(); ++i) {
    bool is_open = true;
    if (waiting[i].revents != 0) {
      std::array<char, 4096> buffer;
      const auto count = read(streams_[i].descriptor, buffer.data(), buffer.size());
      if (count > 0) streams_[i].text->append(buffer.data(), static_cast<std::size_t>(count));
      // A terminal whose other side was closed answers with an error.
      is_open = count > 0 || (count == -1 && errno == EINTR);
    }
    if (is_open) {
      open_streams.push_back(streams_[i]);
    } else {
      close(streams_[i].descriptor);
    }
  }
  streams_ = open_streams;
  return !streams_.empty();
}

bool Process::wait_until(const std::function<bool(const ProcessResult&)>& condition,
                         std::chrono::seconds limit) {
  const auto end = Clock::now() + limit;
  while (!condition(result_)) {
    if (Clock::now() >= end || !pump(std::chrono::milliseconds(100))) return condition(result_);
  }
  return true;
}

void Process::send(int signal) {
  kill(child_, signal);
}

ProcessResult Process::finish(std::chrono::seconds limit) {
  const auto end = Clock::now() + limit;
  while (pump(std::chrono::milliseconds(100))) {
    if (Clock::now() >= end) send(SIGKILL);
  }
  int status = 0;
  rusage usage = {};
  wait4(child_, &status, 0, &usage);
  child_ = -1;
  result_.peak_bytes = std::int64_t{usage.ru_maxrss} * 1024;
  if (WIFEXITED(status)) result_.exit_status = WEXITSTATUS(status);
  if (WIFSIGNALED(status)) result_.signal = WTERMSIG(status);
  return result_;
}

ProcessResult run_process(const std::vector<std::string>& command, const ProcessOptions& options) {
  return Process(command, options).finish();
}

}  // namespace onestep::testing
