#include "onestep/cli/terminal/failures.h"

#include "onestep/cli/terminal/messages.h"

#include <iterator>
#include <utility>

namespace onestep {

void FailureList::add(std::string message) {
  if (told_.size() < kTold) told_.push_back(std::move(message));
  ++count_;
}

void FailureList::append(const FailureList& more) {
  for (const std::string& message : more.told_) add(message);
  count_ += more.count_ - more.told_.size();
}

void FailureList::print() const {
  for (const std::string& message : told_) print_message(message);
  if (count_ > told_.size()) {
    print_message(concatenate("and ", count_ - told_.size(), " more failed"));
  }
}

void PhotographFailures::add(std::size_t photograph, std::string message) {
  const std::lock_guard lock(mutex_);
  if (failed_.size() <= photograph) failed_.resize(photograph + 1);
  if (!failed_[photograph]) ++photographs_;
  failed_[photograph] = true;
  ++count_;
  first_.emplace(photograph, std::move(message));
  if (first_.size() > FailureList::kTold) first_.erase(std::prev(first_.end()));
}

FailureList PhotographFailures::list() const {
  FailureList all;
  for (const auto& [photograph, message] : first_) all.add(message);
  all.count_ = count_;
  return all;
}

}  // namespace onestep
