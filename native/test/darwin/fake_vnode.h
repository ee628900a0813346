// What happens to an open file, as hints of EVFILT_VNODE: by inotify, fstat() and /proc/locks.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace gateway_lock::darwin {

// Not thread-safe: the caller has one mutex for all of them.
class Vnode {
 public:
  explicit Vnode(int fd);
  ~Vnode();
  Vnode(const Vnode&) = delete;
  Vnode& operator=(const Vnode&) = delete;

  // Readable when TakeHints() of any Vnode may have something to tell; -1 and errno on failure. All
  // share one inotify, of which a user may have 128.
  int source() const;
  // NOTE_* of what has happened since the last call.
  std::uint32_t TakeHints();
  // A lock may be dropped in a moment. Linux reports a close before it drops the lock (__fput in
  // fs/file_table.c).
  bool InDoubt() const;

 private:
  struct Facts {
    std::uint64_t links = 0;
    std::int64_t size = 0;  // bytes
    std::string holders;
  };

  Facts Look() const;
  std::uint32_t HintsOf(std::uint32_t mask, const Facts& now);

  static void ReadEvents();

  int file_;
  int watch_ = -1;
  std::uint32_t mask_ = 0;  // events that are read and not yet taken
  Facts known_;
  std::chrono::steady_clock::time_point closed_at_ = {};
};

}  // namespace gateway_lock::darwin
