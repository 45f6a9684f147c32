#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace onestep::testing {

/// Where a child's stdout goes.
enum class StandardOutput {
  captured,
  closed,
  full_device,  ///< /dev/full: every write fails
  stalled,      ///< a pipe that is full and that nobody reads
};

struct ProcessOptions {
  std::filesystem::path folder;  ///< working directory; empty: ours
  bool terminal = false;         ///< stderr is a pseudo-terminal, 80 columns wide
  StandardOutput standard_output = StandardOutput::captured;
  std::optional<std::size_t> file_size_limit;      ///< RLIMIT_FSIZE in bytes
  std::optional<std::size_t> open_file_limit;      ///< RLIMIT_NOFILE
  std::optional<std::string> standard_input;       ///< at most 64 KiB; absent: ours
  std::filesystem::path standard_input_file;       ///< in place of standard_input
  std::map<std::string, std::string> environment;  ///< set besides ours
  /// Permissions of files hold for the child also where the administrator runs the tests.
  bool obey_permissions = false;
};

/// What came of a child process.
struct ProcessResult {
  int exit_status = -1;         ///< -1 when a signal ended it
  int signal = 0;               ///< 0 when it exited
  std::int64_t peak_bytes = 0;  ///< of resident memory; counts what this program had at the start
  std::string out;
  std::string err;
};

/// Whether ProcessOptions::terminal can be had: a bare chroot has no /dev/pts.
bool has_terminals();

/// A child process whose output is collected while it runs. Killed when the object goes.
class Process {
 public:
  /// `command`: the program's path and its arguments.
  explicit Process(const std::vector<std::string>& command, const ProcessOptions& options = {});
  ~Process();
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  /// Waits until `condition` holds of what was written so far; false when the process ends or
  /// `limit` passes first.
  bool wait_until(const std::function<bool(const ProcessResult&)>& condition,
                  std::chrono::seconds limit = std::chrono::seconds(120));
  void send(int signal);
  pid_t id() const { return child_; }
  /// Waits for the end, which a kill brings after `limit`.
  ProcessResult finish(std::chrono::seconds limit = std::chrono::seconds(240));

 private:
  struct Stream {
    int descriptor = -1;
    std::string* text = nullptr;
  };

  bool pump(std::chrono::milliseconds patience);

  pid_t child_ = -1;
  int stalled_ = -1;  ///< our end of a stalled stdout
  ProcessResult result_;
  std::vector<Stream> streams_;
};

/// Starts it and waits for its end.
ProcessResult run_process(const std::vector<std::string>& command,
                          const ProcessOptions& options = {});

}  // namespace onestep::testing
