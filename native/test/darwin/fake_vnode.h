// Converts the events of an open file, from inotify, fstat() and /proc/locks, to the hints of
// EVFILT_VNODE.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace gateway_lock::darwin {

// Not thread-safe: the caller guards all Vnode objects with one mutex.
class Vnode {
 public:
  explicit Vnode(int fd);
  ~Vnode();
  Vnode(const Vnode&) = delete;
  Vnode& operator=(const Vnode&) = delete;

  // Returns a descriptor that is readable if a Vnode may have hints. On failure, returns -1 and
  // sets errno. All Vnode objects share one inotify instance, because a user may have only 128.
  int source() const;
  // Returns the NOTE_* flags of all events since the last call.
  std::uint32_t TakeHints();
  // Returns true for a short time after a close: Linux reports the close before it drops the lock
  // (__fput in fs/file_table.c).
  bool IsLockUncertain() const;

 private:
  struct Facts {
    std::uint64_t links = 0;
    std::int64_t size = 0;  // bytes
    std::string holders;
  };

  Facts ReadFacts() const;
  std::uint32_t HintsOf(std::uint32_t mask, const Facts& now);

  static void ReadEvents();

  int file_;
  int watch_ = -1;
  std::uint32_t mask_ = 0;  // inotify events that were read but not yet returned as hints
  Facts known_;
  std::chrono::steady_clock::time_point closed_at_ = {};
};

}  // namespace gateway_lock::darwin
