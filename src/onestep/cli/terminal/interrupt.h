#pragma once

#include <csignal>
#include <exception>
#include <stop_token>
#include <thread>
#include <vector>

namespace onestep {

/// Thrown out of a command that a signal ended, once it has cleaned up.
struct Interrupted : std::exception {
  explicit Interrupted(int number) : signal(number) {}
  const char* what() const noexcept override { return "interrupted"; }
  int signal;
};

/// Turns the first Ctrl-C (SIGINT, SIGTERM or SIGHUP, unless the caller has them ignored) into a
/// request to stop; the second one ends the program at once. One at a time.
class Interrupt {
 public:
  Interrupt();
  ~Interrupt();
  Interrupt(const Interrupt&) = delete;
  Interrupt& operator=(const Interrupt&) = delete;

  std::stop_token stop() const { return source_.get_token(); }
  /// Throws Interrupted when a signal came.
  void throw_if_requested() const;

 private:
  struct Previous {
    int signal;
    struct sigaction action;
  };

  std::stop_source source_;
  std::vector<Previous> previous_;
  std::thread listener_;
};

/// Whether an Interrupt has received a signal; stays true when it is gone.
bool signal_came();

/// Ends the program by the default action of `signal`, so that whoever started it sees the signal.
[[noreturn]] void die_of_signal(int signal);

}  // namespace onestep
