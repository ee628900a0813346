// Watches lock files and reports when a waiter should retry, so that the waiter need not poll.
//
// Guaranteed: after Watch() has returned, the first of the following events is reported, once, even
// if it happens immediately after the return:
// - The file is removed, renamed, replaced, truncated or written. A holder of this package does one
// of these when it releases the lock.
// - With WatchScope::kOwner: the process of the owner ends.
// - With WatchScope::kFile: a process closes a descriptor of the file, as every holder does when it
// releases the lock or dies. macOS reports the drop of the lock instead of the close.
// - With WatchScope::kRelease: no further event, so the death of the holder is not reported.
// After a report no further event is reported until Watch() is called again.
// NOT promised: that the lock is free after a report. The report may come a few microseconds before
// the kernel drops the lock or removes the name, or the cause may be a close that was not a
// release. Only the next attempt shows whether the lock is free.
//
// What ends a watch: its report, Unwatch() and destruction. While a watch exists, one thread runs.
// The thread handles no signals, and ends 100 ms after the end of the last watch.
// Thread-safety: only one thread may call the members. `notify` is called on the thread of the
// watch.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "status.h"

namespace gateway_lock {

enum class WatchScope {
  kFile,     // only the file; reports every close, because the holder may have closed it
  kOwner,    // the file and the end of the owner's process
  kRelease,  // only a release; the caller has to check for the holder's death (Windows)
};

class ReleaseWatch {
 public:
  using Token = std::uint64_t;
  // Called after an event, but not again before TakeEvents() is called. Must not call a member of
  // ReleaseWatch.
  using Notify = void (*)(void* context);

  ReleaseWatch(Notify notify, void* context);
  // Ends all watches. When the destructor returns, no call of `notify` is running and none will
  // follow.
  ~ReleaseWatch();
  ReleaseWatch(const ReleaseWatch&) = delete;
  ReleaseWatch& operator=(const ReleaseWatch&) = delete;

  // Starts a watch for `token`, and ends the previous watch of the token. `owner_pid` is the pid of
  // the holder, or 0 if the holder is unknown. A process that cannot be watched is treated as
  // unknown. Sets `scope` to the scope of the new watch.
  // kReplaced: there is no file at the path. Any other failure means that this watch would exceed a
  // system limit on descriptors, watches or threads.
  Status Watch(Token token, const std::string& path, std::int64_t owner_pid, WatchScope* scope);
  void Unwatch(Token token);

  // Returns the tokens that were reported since the last call. A token may be included although it
  // is no longer watched.
  std::vector<Token> TakeEvents();

 private:
  class Watcher;
  std::unique_ptr<Watcher> watcher_;
};

}  // namespace gateway_lock
