// Windows file calls that several files share. Included by _win32.cc files only.
#pragma once

#include <windows.h>

#include <cstdint>
#include <string>

#include "file_lock.h"
#include "file_system.h"
#include "status.h"
#include "unique_handle.h"

namespace gateway_lock {

inline HANDLE Raw(const FileHandle& file) { return reinterpret_cast<HANDLE>(file.get()); }
inline Status LastError(const char* syscall) {
  return Status::SystemError(static_cast<int>(GetLastError()), syscall);
}

// True if the file, or a directory on the path to it, does not exist.
inline bool IsMissing(DWORD code) {
  return code == ERROR_FILE_NOT_FOUND || code == ERROR_PATH_NOT_FOUND;
}

// Returns the absolute path with the prefix that lifts the limit of 260 characters.
std::wstring LongPath(const std::string& path);

struct OpenRequest {
  DWORD access = 0;
  DWORD share = FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE;
  DWORD disposition = OPEN_EXISTING;
  DWORD flags = 0;
  bool follow_links = false;  // if false, opens the link itself
};

// Opens a file; no child inherits the handle. On failure returns an invalid handle and sets
// GetLastError(). On success GetLastError() is that of CreateFile(): ERROR_ALREADY_EXISTS means
// that OPEN_ALWAYS found a file.
FileHandle OpenFile(const std::string& path, const OpenRequest& request);

// Returns the failure of the last call. A transient failure names its grace period in
// Status::detail: "sharing-violation", "delete-pending", "access-denied"
// (src/lock/grace-period.ts).
Status LastErrorOrTransient(const char* syscall);
// Returns the failure of OpenFile() on a lock file. Also recognises what is not a lock file at all.
Status LastOpenError(const std::string& path);

struct FileFacts {
  FileIdentity identity;
  DWORD attributes = 0;
  bool is_link = false;  // a symbolic link or a junction
  DWORD links = 0;
  std::uint64_t size = 0;  // bytes
};

Status StatFile(const FileHandle& file, FileFacts* facts);

// Returns true if a reparse point with this tag redirects by name (a link or junction). Other
// reparse points are files whose content is stored elsewhere: deduplicated, in a cloud, in the
// lower layer of a container (golang/go#23684, rust-lang/rust#47956).
inline bool IsLinkTag(DWORD tag) { return IsReparseTagNameSurrogate(tag); }

// Returns kReplaced if the path does not name the file `identity`.
Status SameFileAtPath(const std::string& path, const FileIdentity& identity);

// Locks one byte, at offset 0x7FFFFFFFFFFFFFFE. Far behind every record, because Windows lets no
// other process read a locked range. The offset is part of the on-disk contract. kContended,
// kUnsupported.
Status LockByte(const FileHandle& file, LockMode mode);
void UnlockByte(const FileHandle& file);

// Converts to microseconds since 1970; FILETIME counts 100 ns since 1601.
std::int64_t UnixMicroseconds(const FILETIME& time);
inline std::int64_t UnixMs(const FILETIME& time) { return UnixMicroseconds(time) / 1000; }

}  // namespace gateway_lock
