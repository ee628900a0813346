// Child processes that stand still, to be looked at.
#pragma once

#include <sys/types.h>

#include <functional>

#include "unique_handle.h"

namespace gateway_lock::test {

// Runs `prepare` in a forked child, which then stands still. Killed and reaped by the
// destructor.
class StandingChild {
 public:
  explicit StandingChild(const std::function<void()>& prepare = [] {});
  ~StandingChild() { End(); }
  StandingChild(const StandingChild&) = delete;
  StandingChild& operator=(const StandingChild&) = delete;

  pid_t pid() const { return pid_; }
  // Kills it and leaves it unreaped.
  void BecomeZombie() const;
  void End();

 private:
  pid_t pid_ = 0;
  FileHandle parents_life_;
  bool reaped_ = false;
};

}  // namespace gateway_lock::test
