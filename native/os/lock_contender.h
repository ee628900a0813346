// One who wants a lock that somebody else has, and asks again and again.
//
// Guaranteed: a refused Try() keeps the file open where that helps, so that the next one costs two
// system calls and closes nothing: a close is what other waiters watch for, and one that closed
// at each try would wake them all. Each Try() decides by the file that the path names by then.
//
// What ends the contention: a Try() that succeeds (the file goes to the FileLock), Close(),
// destruction.
// NOT promised: a turn. Who asks first after a release has the lock.
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

  // As FileLock::TryAcquire().
  Status Try(FileSystemCache* file_systems, FileLock* out);

  const std::string& path() const { return path_; }
  // What the file says whose lock was refused; empty when none was.
  Status ReadRecord(std::string* record) const;
  // Watches the file whose lock was refused. kReplaced: it has been removed, or is just being.
  // kUnsupported: there is no such file (the lock was granted, and given back), or it lies on a
  // remote file system, where only this host's changes would be seen.
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
  // Refused us, and was removed since. The last close of a removed file costs as much as a try (the
  // file system gives back its blocks), so that waits until the lock is ours.
  FileHandle removed_;
  FileIdentity identity_;
  bool created_ = false;
};

}  // namespace gateway_lock
