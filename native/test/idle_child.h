// A child process that does nothing until the test ends it.
#pragma once

#include <sys/types.h>

#include <functional>

#include "unique_handle.h"

namespace gateway_lock::test {

// Forks a child that runs `prepare` and then blocks. The destructor kills and reaps it.
class IdleChild {
 public:
  explicit IdleChild(const std::function<void()>& prepare = [] {});
  ~IdleChild() { End(); }
  IdleChild(const IdleChild&) = delete;
  IdleChild& operator=(const IdleChild&) = delete;

  pid_t pid() const { return pid_; }
  // Kills the child without reaping it.
  void BecomeZombie() const;
  // Kills and reaps the child.
  void End();

 private:
  pid_t pid_ = 0;
  FileHandle parent_pipe_;
  bool reaped_ = false;
};

}  // namespace gateway_lock::test
