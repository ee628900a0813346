// Windows file calls used by several files. Included by _win32.cc files only.
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

// Returns true if the file or a directory on its path does not exist.
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

// Opens a file with a handle that no child inherits. On failure returns an invalid handle and sets
// GetLastError(). On success GetLastError() is as after CreateFile(): ERROR_ALREADY_EXISTS means
// that OPEN_ALWAYS has opened an existing file.
FileHandle OpenFile(const std::string& path, const OpenRequest& request);

// Returns the failure of the last call. For a transient failure, Status::detail names its grace
// period: "sharing-violation", "delete-pending" or "access-denied" (src/lock/grace-period.ts).
Status LastErrorOrTransient(const char* syscall);
// Returns the failure of OpenFile() on a lock file, or kInvalidFile if the path names a directory,
// a link or a device.
Status LastOpenError(const std::string& path);

struct FileFacts {
  FileIdentity identity;
  DWORD attributes = 0;
  bool is_link = false;  // a symbolic link or a junction
  DWORD links = 0;
  std::uint64_t size = 0;  // bytes
};

Status StatFile(const FileHandle& file, FileFacts* facts);

// Returns true if a reparse point with this tag redirects to another name (a link or junction).
// Other reparse points are files whose content is stored elsewhere, such as deduplicated files,
// cloud files and files in a container's lower layer (golang/go#23684, rust-lang/rust#47956).
inline bool IsLinkTag(DWORD tag) { return IsReparseTagNameSurrogate(tag); }

// Returns kReplaced if the path does not name the file `identity`.
Status SameFileAtPath(const std::string& path, const FileIdentity& identity);

// Locks one byte of the file, at offset 0x7FFFFFFFFFFFFFFE. This is far beyond the end of any
// record, because Windows does not let other processes read a locked range. All versions of this
// package must use the same offset. Returns kContended if another holder has the lock, and
// kUnsupported if the file system has no locks.
Status LockByte(const FileHandle& file, LockMode mode);
void UnlockByte(const FileHandle& file);

// Converts a FILETIME (units of 100 ns since 1601) to microseconds since 1970.
std::int64_t UnixMicroseconds(const FILETIME& time);
inline std::int64_t UnixMs(const FILETIME& time) { return UnixMicroseconds(time) / 1000; }

}  // namespace gateway_lock
