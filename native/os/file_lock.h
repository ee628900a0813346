// An advisory lock on a file. No function here waits for the lock.
//
// Guaranteed: on this host a file has at most one exclusive holder, or any number of shared
// holders. The lock belongs to the open file description, so a second open in the same process also
// competes for the lock, and closing another descriptor of the file does not drop the lock (unlike
// an fcntl(F_SETLK) lock). The kernel drops the lock when the last copy of the descriptor is
// closed: on exit, crash, SIGKILL, OOM kill or power loss. The descriptor is close-on-exec from the
// start, so no child gets a copy by accident. The content of the file (the owner record) is for
// display only and affects no decision here.
//
// What ends a lock: Release(), Undo() and Unlock() end the lock for all copies of the descriptor.
// After the object is destroyed or this process dies, the lock ends once every program that
// inherited a copy of the descriptor has closed it.
// NOT promised: exclusion of other hosts on a network file system (see Strength), or of a process
// that removes the file. The holder cannot prevent the removal, but IsFileInPlace() detects it.
// Thread-safety: none. An object has one owner at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "file_system.h"
#include "lock_options.h"
#include "status.h"
#include "unique_handle.h"

namespace gateway_lock {

// The size limit of an owner record, in bytes: one page, so that a single pwrite() writes a whole
// record.
inline constexpr std::size_t kRecordLimit = 4096;

class FileLock {
 public:
  FileLock() = default;
  FileLock(FileLock&&) = default;
  FileLock& operator=(FileLock&&) = default;

  // Makes one attempt to lock the file at `path`.
  // kContended: another holder has the lock. If `holder_record` is not null, it is set to the
  // content of the file, or to an empty string if the file cannot be read.
  // kInvalidFile, kForeignOwner: the path must not be used as a lock file. No file was changed.
  // kWeakFileSystem: locks on this file system have no effect. With `allow_weak` the attempt
  // succeeds anyway, and strength() returns kWeak.
  static Status TryAcquire(const std::string& path, const LockOptions& options,
                           FileSystemCache* file_systems, FileLock* out,
                           std::string* holder_record = nullptr);

  bool held() const { return file_.valid(); }
  const std::string& path() const { return path_; }
  bool created() const { return created_; }                  // the attempt created the file
  std::size_t size() const { return size_; }                 // content size in bytes
  bool has_other_names() const { return has_other_names_; }  // more than one hard link
  Strength strength() const { return strength_; }
  // The descriptor, for a program that inherits the lock. The lock is held until the last copy of
  // the descriptor is closed, or until this process calls Release() or Unlock(), which drop the
  // lock for all copies.
  NativeHandle handle() const { return file_.get(); }

  // Reads at most kRecordLimit bytes from the beginning of the file.
  Status ReadRecord(std::string* record) const;
  // Replaces the content of the file. The caller must have checked that this is allowed.
  Status WriteRecord(const std::string& record);
  // Returns false if the path no longer names the locked file.
  bool IsFileInPlace() const;

  // Releases the lock. Before dropping it, removes the file or, with keep_file, clears our record.
  // Removes the file only if it is still at the path and, for a shared lock, only if this is the
  // last holder. Clears the record only if no other program has overwritten it. In a forked copy of
  // the holder, only closes the descriptor, so that the parent keeps the lock and the file. If the
  // removal fails, the lock is still dropped and the status contains the reason. A leftover file
  // blocks nobody.
  Status Release();
  // Releases the lock if an attempt fails after the lock was granted. Like Release(), but keeps a
  // file that the attempt did not create.
  Status Undo();
  // Drops the lock without changing the file.
  void Unlock();
  // Closes only our copy of the descriptor. Programs that inherited a copy keep the lock.
  void Leave();
  // Locks the file again with our descriptor, because a process that has a copy of the descriptor
  // may have unlocked it. kContended: another holder has the lock. kReplaced: the path no longer
  // names the file. On Windows, where no process can have a copy, only checks the path.
  Status Relock();

 private:
  friend class LockContender;
  Status RemoveOrClear();  // POSIX only
  void DropLock();         // POSIX only
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
  std::size_t written_hash_ = 0;  // of our record; 0 if we wrote none
  std::int64_t owner_pid_ = 0;
};

}  // namespace gateway_lock
