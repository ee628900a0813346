// An advisory lock on a file, taken without ever waiting.
//
// Guaranteed: at most one exclusive holder per file on this host, or any number of shared ones. The
// lock belongs to the open file description, so a second open in the same process is contention
// too, and closing some other descriptor of the file loses nothing (with fcntl(F_SETLK) it would).
// The kernel ends the lock with the last copy of the descriptor: exit, crash, SIGKILL, OOM kill,
// power loss. The descriptor is close-on-exec from the instant that it exists, so no child keeps
// it. The content of the file (the owner record) is a hint for people: it decides nothing here.
//
// What ends a lock: Release(), Abandon(), destruction, the death of the process; in the last two cases not before the
// last program that has inherited it.
// NOT promised: exclusion of other hosts on a network file system (see Strength), or of a process
// that removes the file: the holder can only notice that, with NamesThisFile().
// Thread-safety: none; one owner at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "file_system.h"
#include "status.h"
#include "unique_handle.h"

namespace gateway_lock {

// Longest owner record that is written, in bytes: one page, so that one pwrite() carries it.
inline constexpr std::size_t kRecordLimit = 4096;

enum class LockMode { kExclusive, kShared };

class FileLock {
 public:
  FileLock() = default;
  FileLock(FileLock&&) = default;
  FileLock& operator=(FileLock&&) = default;

  // kContended: somebody else holds it, and `holder_record`, if wanted, is what the file says of
  // whom: a hint, empty when it cannot be read. kInvalidFile, kForeignOwner: the path must not be
  // used as a lock; nothing was changed. kWeakFileSystem: this file system excludes nobody; only
  // with `allow_weak` is the lock given all the same, and strength() says so.
  static Status TryAcquire(const std::string& path, LockMode mode, bool allow_weak,
                           KnownFileSystems* file_systems, FileLock* out,
                           std::string* holder_record = nullptr);

  bool held() const { return file_.valid(); }
  const std::string& path() const { return path_; }
  bool created() const { return created_; }  // the file did not exist before
  Strength strength() const { return strength_; }
  // For a program that shall inherit the lock: it lives until the last copy of this is closed, or
  // until Release() or Abandon() here, which end it for all copies.
  NativeHandle handle() const { return file_.get(); }

  Status ReadRecord(std::string* record) const;
  Status WriteRecord(const std::string& record);
  // False when the path was removed, or names another file by now.
  bool NamesThisFile() const;

  // Removes the file while still holding it (never somebody else's: only if the path still names
  // this file), then lets go. A shared holder removes it only when it is the last one. In a forked
  // copy of the holder this only closes: the parent's lock and file stay. On failure the lock is
  // still held.
  Status Release();
  // Lets go and leaves the file.
  void Abandon();
  // Closes this copy and nothing else: the lock lives on in the programs that have inherited it.
  void Leave() { file_.Reset(); }

 private:
  friend class LockContender;
  Status RemoveFile() const;

  FileHandle file_;
  FileIdentity identity_;
  std::string path_;
  LockMode mode_ = LockMode::kExclusive;
  Strength strength_ = Strength::kKernel;
  bool created_ = false;
  std::size_t size_ = 0;  // of the record, in bytes
  std::int64_t owner_pid_ = 0;
};

}  // namespace gateway_lock
