// Watches lock files and reports when a retry is worthwhile, so that a waiter need not poll.
//
// Guaranteed: from the return of Watch() on, the first of these events is reported, once, even if
// it happens before the caller continues:
// - The file is removed, renamed, replaced, truncated or written: a holder of this package does so
// when it releases.
// - WatchScope::kOwner: the process of the owner has ended.
// - WatchScope::kFile: a process closes a descriptor of the file, as any holder does that releases
// or dies. On macOS: the lock of the file is dropped.
// - WatchScope::kRelease: nothing more; only an orderly release is reported.
// After a report nothing more is seen until Watch() is called again.
// NOT promised: that the lock is free. A report may come some microseconds before the kernel drops
// the lock or the name, or because of a close that was not a release. The attempt decides.
//
// What ends it: the report, Unwatch(), destruction. One thread runs while anything is watched; it
// ends 100 ms after the last watch, and takes no signals.
// Thread-safety: all members for one thread; `notify` is called on the thread of the watch.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "status.h"

namespace gateway_lock {

enum class WatchScope {
  kFile,     // the file only: reports every close, because it may be the holder's
  kOwner,    // the file, and the end of the owner's process
  kRelease,  // an orderly release only; the caller has to check for a death (Windows)
};

class ReleaseWatch {
 public:
  using Token = std::uint64_t;
  // Called when an event was reported; not again before TakeEvents(). Must not call a member.
  using Notify = void (*)(void* context);

  ReleaseWatch(Notify notify, void* context);
  // When it returns, no call of `notify` is running or will come.
  ~ReleaseWatch();
  ReleaseWatch(const ReleaseWatch&) = delete;
  ReleaseWatch& operator=(const ReleaseWatch&) = delete;

  // Starts a watch for `token`, which replaces its previous watch. `owner_pid`: the holder of the
  // lock, or 0 if unknown; a pid that cannot be watched counts as unknown. Sets `scope`.
  // kReplaced: there is no file. Other failures: the system limits the number of descriptors,
  // watches or threads, and this watch exceeds it.
  Status Watch(Token token, const std::string& path, std::int64_t owner_pid, WatchScope* scope);
  void Unwatch(Token token);

  // Returns the tokens reported since the last call. A token that is no longer watched may be among
  // them.
  std::vector<Token> TakeEvents();

 private:
  class Watcher;
  std::unique_ptr<Watcher> watcher_;
};

}  // namespace gateway_lock
