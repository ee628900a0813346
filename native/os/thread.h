// A thread that handles no signals, because signal handlers of the program must not run on this
// thread.
//
// Thread-safety: none. A Thread has one owner.
#pragma once

#include <cstdint>

#include "status.h"

namespace gateway_lock {

class Thread {
 public:
  using Body = void (*)(void* context);

  Thread() = default;
  ~Thread() { Join(); }
  Thread(const Thread&) = delete;
  Thread& operator=(const Thread&) = delete;

  Status Start(Body body, void* context);
  // Waits for the end of the thread. Returns at once if no thread was started.
  void Join();

 private:
  Body body_ = nullptr;
  void* context_ = nullptr;
  std::uintptr_t id_ = 0;
  bool joinable_ = false;

  friend struct ThreadEntry;
};

}  // namespace gateway_lock
