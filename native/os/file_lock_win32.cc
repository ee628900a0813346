#include "file_lock.h"

#include "win32_file.h"

namespace gateway_lock {
namespace {

// FileDispositionInfoEx of the SDK of Windows 10 1607; spelled out because older headers lack it.
constexpr auto kDispositionInfoEx = static_cast<FILE_INFO_BY_HANDLE_CLASS>(21);
constexpr ULONG kDelete = 0x1;
constexpr ULONG kPosixSemantics = 0x2;

constexpr DWORD kShareAll = FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE;
constexpr DWORD kShareNothing = 0;

// The name is gone at once, whoever still reads the file. Old systems, FAT and Wine cannot do that.
bool DeleteAtOnce(const FileHandle& file) {
  ULONG flags = kDelete | kPosixSemantics;
  return SetFileInformationByHandle(Raw(file), kDispositionInfoEx, &flags, sizeof flags) != 0;
}

// The name is gone with the last handle, and until then nobody can open the file.
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

// Our own handle is asked first: a server that has ended the session (SMB) has freed the lock with
// it.
bool FileLock::IsFileInPlace() const {
  FileFacts facts;
  return held() && StatFile(file_, &facts).ok() &&
         SameFileAtPath(path_, identity_).kind != StatusKind::kReplaced;
}

// Not held any more, because nobody can open a held file for deletion: that is what a held file
// does not share. The same rule makes this safe. Whoever has come in between has it open and does
// not share deletion either, so that we are refused; and while we are not, nobody else gets in. So
// it fails where there is a next holder, or a contender in the middle of a try: then it stays.
Status FileLock::RemoveFile() const {
  FileHandle file;
  Status status = OpenForDeletion(path_, identity_, kShareAll, &file);
  if (!status.ok() || DeleteAtOnce(file)) return status;
  // Only where nobody has it open at all: one who reads it would keep every successor out.
  file.Reset();
  status = OpenForDeletion(path_, identity_, kShareNothing, &file);
  if (!status.ok()) return status;
  return DeleteAtLastClose(file) ? Status::Ok() : LastError("SetFileInformationByHandle");
}

// The record is cleared first, also where the file is then removed: a file that cannot be removed
// (another process has it open) must not name us as the holder.
Status FileLock::Release() {
  if (!held()) return Status::Ok();
  Status cleared = ClearRecord();
  Unlock();
  if (options_.keep_file || options_.existing_file) return cleared;
  (void)RemoveFile();
  return Status::Ok();
}

// Explicitly: closing alone lets go of it "depending upon available system resources" (LockFileEx).
void FileLock::Unlock() {
  if (held()) UnlockByte(file_);
  file_.Reset();
}

}  // namespace gateway_lock
