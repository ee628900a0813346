#include "file_lock.h"

#include "win32_file.h"

namespace gateway_lock {
namespace {

// FileDispositionInfoEx from the Windows 10 1607 SDK, defined here because older headers lack it.
constexpr auto kDispositionInfoEx = static_cast<FILE_INFO_BY_HANDLE_CLASS>(21);
constexpr ULONG kDelete = 0x1;
constexpr ULONG kPosixSemantics = 0x2;

constexpr DWORD kShareAll = FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE;
constexpr DWORD kShareNothing = 0;

// Removes the file's name at once, even while other processes have the file open for reading. Not
// supported by old Windows versions, FAT and Wine.
bool DeleteAtOnce(const FileHandle& file) {
  ULONG flags = kDelete | kPosixSemantics;
  return SetFileInformationByHandle(Raw(file), kDispositionInfoEx, &flags, sizeof flags) != 0;
}

// Removes the file's name when the last handle is closed. Until then no process can open the file.
bool DeleteAtLastClose(const FileHandle& file) {
  FILE_DISPOSITION_INFO disposition = {};
  disposition.DeleteFile = TRUE;
  return SetFileInformationByHandle(Raw(file), FileDispositionInfo, &disposition,
                                    sizeof disposition) != 0;
}

Status OpenForDeletion(const std::string& path, const FileIdentity& identity, DWORD share,
                       FileHandle* out) {
  *out = OpenFile(path, {DELETE, share, OPEN_EXISTING, 0});
  if (!out->valid()) return LastError("open");
  FileFacts facts;
  Status status = StatFile(*out, &facts);
  if (!status.ok()) return status;
  return facts.identity == identity ? Status::Ok() : Status::Replaced();
}

}  // namespace

// Checks our own handle first, because if an SMB server has ended the session, it has also dropped
// the lock.
bool FileLock::IsFileInPlace() const {
  FileFacts facts;
  return held() && StatFile(file_, &facts).ok() &&
         SameFileAtPath(path_, identity_).kind != StatusKind::kReplaced;
}

// Removes the lock file. Called after Unlock(), because a holder opens the file without
// FILE_SHARE_DELETE, so a held file cannot be opened for deletion. This is also what makes the
// removal safe: while the next holder, or a waiter in the middle of an attempt, has the file open,
// the removal fails and the file stays. Once the file has been removed, no new holder or waiter can
// open it.
Status FileLock::RemoveFile() const {
  FileHandle file;
  Status status = OpenForDeletion(path_, identity_, kShareAll, &file);
  if (!status.ok() || DeleteAtOnce(file)) return status;
  // Opens the file without sharing, so that DeleteAtLastClose() runs only if no other process has
  // the file open. Otherwise no new holder could open the file until the last reader has closed it.
  file.Reset();
  status = OpenForDeletion(path_, identity_, kShareNothing, &file);
  if (!status.ok()) return status;
  return DeleteAtLastClose(file) ? Status::Ok() : LastError("SetFileInformationByHandle");
}

// Clears the record before removing the file. If the removal fails because another process has the
// file open, the leftover file must not keep naming this process as the holder.
Status FileLock::Release() {
  if (!held()) return Status::Ok();
  Status cleared = ClearRecord();
  Unlock();
  if (options_.keep_file || options_.existing_file) return cleared;
  (void)RemoveFile();
  return Status::Ok();
}

// Calls UnlockFileEx() before closing the handle. If the handle is only closed, the time of the
// unlock depends "upon available system resources" (MS Learn, LockFileEx).
void FileLock::Unlock() {
  if (held()) UnlockByte(file_);
  file_.Reset();
}

void FileLock::Leave() { file_.Reset(); }

Status FileLock::Relock() { return IsFileInPlace() ? Status::Ok() : Status::Replaced(); }

}  // namespace gateway_lock
