// An advisory lock on a file, taken without ever waiting.
//
// Guaranteed: at most one exclusive holder per file on this host, or any number of shared ones. The
// lock belongs to the open file description, so a second open in the same process is contention
// too, and closing some other descriptor of the file loses nothing (with fcntl(F_SETLK) it would).
// The kernel ends the lock with the last copy of the descriptor: exit, crash, SIGKILL, OOM kill,
// power loss. The descriptor is close-on-exec from the instant that it exists, so no child keeps
// it. The content of the file (the owner record) is a hint for people: it decides nothing here.
//
// What ends a lock: Release(), Undo(), Unlock(), destruction, the death of the process; in the last two cases not before
// the last program that has inherited it.
// NOT promised: exclusion of other hosts on a network file system (see Strength), or of a process
// that removes the file: the holder can only notice that, with IsFileInPlace().
// Thread-safety: none; one owner at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "file_system.h"
#include "lock_options.h"
#include "status.h"
#include "unique_handle.h"

namespace gateway_lock {

// Longest owner record that is written, in bytes: one page, so that one pwrite() carries it.
inline constexpr std::size_t kRecordLimit = 4096;

class FileLock {
 public:
  FileLock() = default;
  FileLock(FileLock&&) = default;
  FileLock& operator=(FileLock&&) = default;

  // kContended: somebody else holds it, and `holder_record`, if wanted, is what the file says of
  // whom: a hint, empty when it cannot be read. kInvalidFile, kForeignOwner: the path must not be
  // used as a lock; nothing was changed. kWeakFileSystem: this file system excludes nobody; only
  // with `allow_weak` is the lock given all the same, and strength() says so.
  static Status TryAcquire(const std::string& path, const LockOptions& options,
                           FileSystemCache* file_systems, FileLock* out,
                           std::string* holder_record = nullptr);

  bool held() const { return file_.valid(); }
  const std::string& path() const { return path_; }
  bool created() const { return created_; }                  // the file did not exist before
  std::size_t size() const { return size_; }                 // of the content, in bytes
  bool has_other_names() const { return has_other_names_; }  // hard links
  Strength strength() const { return strength_; }
  // For a program that shall inherit the lock: it lives until the last copy of this is closed, or
  // until Release() or Unlock() here, which end it for all copies.
  NativeHandle handle() const { return file_.get(); }

  // The beginning of the content, at most kRecordLimit bytes.
  Status ReadRecord(std::string* record) const;
  // Replaces the content, whatever it is: judge it first.
  Status WriteRecord(const std::string& record);
  // False when the path was removed, or names another file by now.
  bool IsFileInPlace() const;

  // Removes the file, or with keep_file clears our record in it, while still holding it; then drops
  // the lock. Only a file that the path still names is removed, and only by the last shared holder;
  // only a record that is still ours is cleared. In a forked copy of the holder this only closes:
  // the parent's lock and file stay. On failure the lock is dropped all the same and the file
  // stays, which blocks nobody: the status says why.
  Status Release();
  // Ends an attempt that failed after the lock was granted: as Release(), but a file that this
  // attempt did not create is never removed.
  Status Undo();
  // Drops the lock and leaves the file as it is.
  void Unlock();
  // Closes this copy and nothing else: the lock lives on in the programs that have inherited it.
  void CloseDescriptor() { file_.Reset(); }

 private:
  friend class LockContender;
  Status RemoveOrClear();  // POSIX only
  Status RemoveFile() const;
  Status ClearRecord();

  FileHandle file_;
  FileIdentity identity_;
  std::string path_;
  LockOptions options_;
  Strength strength_ = Strength::kLocal;
  bool created_ = false;
  bool has_other_names_ = false;
  std::size_t size_ = 0;
  std::size_t written_hash_ = 0;  // of the record that we wrote; 0 for none
  std::int64_t owner_pid_ = 0;
};

}  // namespace gateway_lock
