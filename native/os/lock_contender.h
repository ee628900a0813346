// Repeated attempts to acquire one lock. On POSIX the lock file stays open between attempts.
//
// Guaranteed: on POSIX a refused Try() keeps the file open, so the next Try() needs only two system
// calls. If each attempt closed the file, it would wake all waiters, because they watch for a
// close. Each Try() locks whichever file is at the path at that time.
//
// What ends this state: Close(), destruction, and a successful Try(), which moves the open file to
// the FileLock.
// NOT promised: fairness. The first attempt after a release gets the lock.
// Thread-safety: none. An object has one owner at a time.
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

  // Makes one attempt, like FileLock::TryAcquire().
  Status Try(FileSystemCache* file_systems, FileLock* out);

  // Acquires the lock with `descriptor`, which this process has inherited. On success the
  // descriptor is close-on-exec and belongs to `out`; otherwise it is unchanged and still belongs
  // to the caller. Writes nothing to the file.
  // kSystemError with EBADF: the descriptor is not open. kReplaced: it is not the lock file at the
  // path, or is not open for writing. kContended: another holder has the lock. kUnsupported:
  // Windows, where no process inherits a lock.
  Status Adopt(NativeHandle descriptor, FileSystemCache* file_systems, FileLock* out);

  const std::string& path() const { return path_; }
  // Reads the content of the file whose lock was refused. Sets `record` to an empty string if no
  // lock was refused.
  Status ReadRecord(std::string* record) const;
  // Watches the file whose lock was refused. kReplaced: the file has been removed or is being
  // removed. kUnsupported: the last attempt was not refused, or the file is on a remote file
  // system, where a watch would report only changes by this host.
  Status Watch(ReleaseWatch* watch, ReleaseWatch::Token token, std::int64_t owner_pid,
               WatchScope* scope) const;
  void Close();

 private:
  Status TryOnce(FileSystemCache* file_systems, FileLock* out);
  Status CheckStrength(FileSystemCache* file_systems, Strength* strength);
  // Implemented per OS.
  Status AdoptOpenFile(FileSystemCache* file_systems, FileLock* out);  // POSIX only
  Status Open();
  // Opens and locks the file at the path, and stores its properties in `lock`.
  Status OpenAndLock(FileLock* lock);
  // Keeps a lock on a weak file system after the test.
  Status KeepWeakLock();

  std::string path_;
  LockOptions options_;
  FileHandle file_;
  // The file of a refused attempt, removed since then. Kept open until the contender is closed,
  // because the last close of a removed file frees its blocks and takes as long as an attempt.
  FileHandle removed_;
  FileIdentity identity_;
  bool created_ = false;
};

}  // namespace gateway_lock
