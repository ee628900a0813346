// The state of a retry loop on one lock. Keeps the lock file open between attempts where that
// helps.
//
// Guaranteed: a refused Try() keeps the file open on POSIX, so the next one costs two system calls
// and closes nothing. Waiters watch for a close: if each attempt closed the file, every attempt
// would wake all of them. Each Try() decides by the file that is at the path by then.
//
// What ends it: a Try() that succeeds (the file moves to the FileLock), Close(), destruction.
// NOT promised: fairness. The first attempt after a release gets the lock.
// Thread-safety: none; one owner at a time.
#pragma once

#include <cstdint>
#include <string>

#include "file_lock.h"
#include "release_watch.h"

namespace gateway_lock {

class LockContender {
 public:
  LockContender() = default;
  LockContender(const std::string& path, const LockOptions& options)
      : path_(path), options_(options) {}

  // Same as FileLock::TryAcquire().
  Status Try(FileSystemCache* file_systems, FileLock* out);

  const std::string& path() const { return path_; }
  // Reads the content of the file whose lock was refused; empty if no lock was refused.
  Status ReadRecord(std::string* record) const;
  // Watches the file whose lock was refused. kReplaced: the file is removed, or being removed.
  // kUnsupported: there is no such file (the lock was granted, and released), or it is on a remote
  // file system, where only changes by this host would be seen.
  Status Watch(ReleaseWatch* watch, ReleaseWatch::Token token, std::int64_t owner_pid,
               WatchScope* scope) const;
  void Close();

 private:
  Status TryOnce(FileSystemCache* file_systems, FileLock* out);
  Status CheckStrength(FileSystemCache* file_systems, Strength* strength);
  // Per OS.
  Status Open();
  // Opens and locks the file at the path, and describes it in `lock`.
  Status OpenAndLock(FileLock* lock);
  // Keeps a lock whose file system grants it twice, after the test that has shown this.
  Status KeepWeakLock();

  std::string path_;
  LockOptions options_;
  FileHandle file_;
  // The file of a refused attempt, removed since. Closed only with the contender: the last close of
  // a removed file costs as much as an attempt, because the file system frees its blocks.
  FileHandle removed_;
  FileIdentity identity_;
  bool created_ = false;
};

}  // namespace gateway_lock
