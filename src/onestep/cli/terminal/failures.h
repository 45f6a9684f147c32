#pragma once

#include <cstddef>
#include <map>
#include <mutex>
#include <string>
#include <vector>

namespace onestep {

/// Failures in words. The first kTold of them are kept and told, the others are counted: a list of
/// a million names may be wrong in each.
class FailureList {
 public:
  static constexpr std::size_t kTold = 100;

  void add(std::string message);
  void append(const FailureList& more);
  std::size_t count() const { return count_; }
  /// Prints a line for each that is kept, and one that says how many more there are.
  void print() const;

 private:
  friend class PhotographFailures;

  std::vector<std::string> told_;
  std::size_t count_ = 0;
};

/// What went wrong with photographs, in their order whichever thread found it.
class PhotographFailures {
 public:
  void add(std::size_t photograph, std::string message);
  /// Photographs with at least one failure.
  std::size_t photographs() const { return photographs_; }
  FailureList list() const;

 private:
  std::mutex mutex_;
  std::vector<bool> failed_;
  std::size_t photographs_ = 0;
  std::size_t count_ = 0;
  std::multimap<std::size_t, std::string> first_;
};

}  // namespace onestep
