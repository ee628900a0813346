// Tells a contender when it is worth asking for a lock again, so that it need not ask all the time.
//
// Guaranteed: from the return of Watch() on, the first of these is reported, once, even when it
// happens before the caller has done anything else: the file at the path is removed, renamed,
// replaced, truncated or written, as a holder of this package does when it releases; with
// WatchScope::kOwner, the owner's process has ended; with WatchScope::kFile, a process closes a
// descriptor of the file, as any holder does that releases or dies; on macOS, the lock of the file
// is dropped; with WatchScope::kRelease, only an orderly release. After a report nothing more is
// seen until Watch() is called again.
// NOT promised: that the lock is free then. A report may come some microseconds before the kernel
// lets go of the lock or of the name, or because of a close that was no release. The try decides.
//
// What ends it: the report, Unwatch(), destruction. There is one thread while anything is watched,
// it ends a tenth of a second after the last, and it takes no signals.
// Thread-safety: all members for one thread; `notify` is called on the watch's own.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "status.h"

namespace gateway_lock {

enum class WatchScope {
  kFile,     // only the file: every close is reported, because one may be the holder's
  kOwner,    // the file and the owner's process, whose death is seen for itself
  kRelease,  // only what a holder does that lets go in order: a death must be asked for (Windows)
};

class ReleaseWatch {
 public:
  using Token = std::uint64_t;
  // Something was reported. Not called again before TakeEvents(). Must not call a member.
  using Notify = void (*)(void* context);

  ReleaseWatch(Notify notify, void* context);
  // No call of `notify` is under way or will come when it returns.
  ~ReleaseWatch();
  ReleaseWatch(const ReleaseWatch&) = delete;
  ReleaseWatch& operator=(const ReleaseWatch&) = delete;

  // Watches for `token`, which replaces what it watched for until now. `owner_pid`: who holds the
  // lock, as far as is known, else 0; a pid that cannot be watched counts as not known.
  // kReplaced: there is no file. Any other failure: what can be watched at once is limited, by a
  // number of descriptors, watches, threads; this one is not.
  Status Watch(Token token, const std::string& path, std::int64_t owner_pid, WatchScope* scope);
  void Unwatch(Token token);

  // The tokens reported since the last call; one that is watched no longer may be among them.
  std::vector<Token> TakeEvents();

 private:
  class Watcher;
  std::unique_ptr<Watcher> watcher_;
};

}  // namespace gateway_lock
