// The few calls on files that several _win32.cc files share. Included by those only.
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

// Of what was to be opened: the file, or a directory on the way to it.
inline bool IsMissing(DWORD code) {
  return code == ERROR_FILE_NOT_FOUND || code == ERROR_PATH_NOT_FOUND;
}

// With the prefix that lifts the limit of 260 characters.
std::wstring LongPath(const std::string& path);

struct OpenRequest {
  DWORD access = 0;
  DWORD share = FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE;
  DWORD disposition = OPEN_EXISTING;
  DWORD flags = 0;
  bool follow_links = false;  // else a link is opened itself
};

// No child inherits it. Not valid, with GetLastError(), on failure. On success GetLastError() is
// that of CreateFile(): ERROR_ALREADY_EXISTS tells that OPEN_ALWAYS found a file.
FileHandle OpenFile(const std::string& path, const OpenRequest& request);

// Why the call before failed. A failure that may pass by itself names the grace that it deserves in
// Status::detail: "sharing-violation", "delete-pending", "access-denied"
// (src/lock/grace-period.ts).
Status WhyDenied(const char* syscall);
// The same of OpenFile() with a lock file: what lies there may be no lock file at all.
Status WhyNotOpened(const std::string& path);

struct FileFacts {
  FileIdentity identity;
  DWORD attributes = 0;
  bool is_link = false;  // a symbolic link or a junction
  DWORD links = 0;
  std::uint64_t size = 0;        // bytes
  std::int64_t modified_ms = 0;  // since 1970
};

Status StatFile(const FileHandle& file, FileFacts* facts);

// Whether a reparse point with this tag leads elsewhere by its name. The others are files whose
// content comes from somewhere else: deduplicated, in a cloud, of a container's lower layer
// (golang/go#23684, rust-lang/rust#47956).
inline bool IsLinkTag(DWORD tag) { return IsReparseTagNameSurrogate(tag); }

// kReplaced when the path names another file, or none.
Status SameFileAtPath(const std::string& path, const FileIdentity& identity);

// The lock itself: one byte, far behind every record, because Windows lets nobody else read what is
// locked. Part of the contract on disk: 0x7FFFFFFFFFFFFFFE. kContended, kUnsupported.
Status LockByte(const FileHandle& file, LockMode mode);
void UnlockByte(const FileHandle& file);

// Since 1970; FILETIME counts 100 ns since 1601.
std::int64_t UnixMicroseconds(const FILETIME& time);
inline std::int64_t UnixMs(const FILETIME& time) { return UnixMicroseconds(time) / 1000; }

}  // namespace gateway_lock
