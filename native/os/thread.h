// A thread that handles no signals, because the program's signal handlers must not run on it.
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
  // Waits for the thread to end. Returns at once if none was started.
  void Join();

 private:
  Body body_ = nullptr;
  void* context_ = nullptr;
  std::uintptr_t id_ = 0;
  bool joinable_ = false;

  friend struct ThreadEntry;
};

}  // namespace gateway_lock
