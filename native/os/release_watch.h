// Watches lock files and reports when a waiter should retry, so that waiters need not poll.
//
// Guaranteed: after Watch() has returned, the first of the following events is reported once, even
// if it happens immediately:
// - The file is removed, renamed, replaced, truncated or written. Our own holders do one of these
// when they release the lock.
// - With WatchScope::kOwner: the owner's process ends.
// - With WatchScope::kFile: a process closes a descriptor of the file, as every holder does when it
// releases the lock or dies. macOS reports the drop of the lock instead.
// - With WatchScope::kRelease: nothing else, so the holder's death is not reported.
// After a report nothing more is reported until Watch() is called again.
// NOT promised: that the lock is free after a report. The report may come a few microseconds before
// the kernel drops the lock or removes the name, or the close may not have been a release. Only the
// next attempt shows whether the lock is free.
//
// What ends a watch: its report, Unwatch() and destruction. While a watch exists, one thread runs.
// It handles no signals, and ends 100 ms after the last watch.
// Thread-safety: only one thread may call the members. `notify` is called on the watcher thread.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "status.h"

namespace gateway_lock {

enum class WatchScope {
  kFile,     // only the file; any close may be the holder's, so every close is reported
  kOwner,    // the file, and the end of the owner's process
  kRelease,  // only a release; the caller has to check for the holder's death (Windows)
};

class ReleaseWatch {
 public:
  using Token = std::uint64_t;
  // Called after an event, but not again before TakeEvents() is called. Must not call a member of
  // ReleaseWatch.
  using Notify = void (*)(void* context);

  ReleaseWatch(Notify notify, void* context);
  // Ends all watches. Once the destructor returns, `notify` is not running and is not called again.
  ~ReleaseWatch();
  ReleaseWatch(const ReleaseWatch&) = delete;
  ReleaseWatch& operator=(const ReleaseWatch&) = delete;

  // Starts a watch for `token`, and ends its previous watch. `owner_pid` is the holder's pid, or 0
  // if unknown. A process that cannot be watched is treated as unknown. Sets `scope` to the scope
  // of the new watch.
  // kReplaced: there is no file at the path. Any other failure means that this watch would exceed a
  // system limit on descriptors, watches or threads.
  Status Watch(Token token, const std::string& path, std::int64_t owner_pid, WatchScope* scope);
  void Unwatch(Token token);

  // Returns the tokens reported since the last call, possibly including some that are no longer
  // watched.
  std::vector<Token> TakeEvents();

 private:
  class Watcher;
  std::unique_ptr<Watcher> watcher_;
};

}  // namespace gateway_lock
