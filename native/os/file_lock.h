// An advisory lock on a file. No function here waits for the lock.
//
// Guaranteed: a file has at most one exclusive holder on this host, or any number of shared ones.
// The lock belongs to the open file description: a second open in the same process contends too,
// and closing another descriptor of the file does not drop the lock (with fcntl(F_SETLK) it would).
// The kernel drops the lock with the last copy of the descriptor: exit, crash, SIGKILL, OOM kill,
// power loss. The descriptor is close-on-exec from the moment it exists, so no child keeps it by
// accident. The content of the file (the owner record) is a hint for people; no function here
// decides by it.
//
// What ends a lock: Release(), Undo() and Unlock(), for all copies of the descriptor; destruction
// and the death of this process, once the last program that has inherited a copy closes it.
// NOT promised: exclusion of other hosts on a network file system (see Strength), or of a process
// that removes the file: the holder can only notice that, by IsFileInPlace().
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

// The longest owner record that is written, in bytes. One page, so that a single pwrite() carries a
// record.
inline constexpr std::size_t kRecordLimit = 4096;

class FileLock {
 public:
  FileLock() = default;
  FileLock(FileLock&&) = default;
  FileLock& operator=(FileLock&&) = default;

  // Tries once to acquire the lock of the file at `path`.
  // kContended: another holder has it. `holder_record`, if not null, is set to the content of the
  // file; empty if the file cannot be read.
  // kInvalidFile, kForeignOwner: the path must not be used as a lock; nothing was changed.
  // kWeakFileSystem: the file system excludes no process. With `allow_weak` the lock is granted all
  // the same, and strength() is kWeak.
  static Status TryAcquire(const std::string& path, const LockOptions& options,
                           FileSystemCache* file_systems, FileLock* out,
                           std::string* holder_record = nullptr);

  bool held() const { return file_.valid(); }
  const std::string& path() const { return path_; }
  bool created() const { return created_; }                  // by this attempt
  std::size_t size() const { return size_; }                 // of the content, in bytes
  bool has_other_names() const { return has_other_names_; }  // hard links
  Strength strength() const { return strength_; }
  // Returns the descriptor, for a program that inherits the lock. The lock lives until the last
  // copy is closed, or until Release() or Unlock() here, which drop it for all copies.
  NativeHandle handle() const { return file_.get(); }

  // Reads the beginning of the content, at most kRecordLimit bytes.
  Status ReadRecord(std::string* record) const;
  // Replaces the content without inspecting it; the caller has checked that it may be replaced.
  Status WriteRecord(const std::string& record);
  // Returns false if the file was removed or replaced at the path.
  bool IsFileInPlace() const;

  // Removes the file, or with keep_file clears our record in it, while still holding the lock; then
  // drops the lock. Removes only a file that is still at the path, and a shared lock's file only
  // with its last holder. Clears only a record that is still ours. In a forked copy of the holder,
  // only closes the descriptor: the parent keeps lock and file. On failure the lock is dropped and
  // the file stays, which blocks no process; the status says why.
  Status Release();
  // Releases after an attempt that failed once the lock was granted. Same as Release(), but keeps a
  // file that this attempt did not create.
  Status Undo();
  // Drops the lock and keeps the file as it is.
  void Unlock();
  // Closes this copy of the descriptor only: programs that have inherited a copy keep the lock.
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
  std::size_t written_hash_ = 0;  // of the record that we wrote; 0 if none
  std::int64_t owner_pid_ = 0;
};

}  // namespace gateway_lock
