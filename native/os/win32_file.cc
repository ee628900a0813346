#include "win32_file.h"

#include "lock_path_check.h"
#include "win32_text.h"

namespace gateway_lock {
namespace {

constexpr DWORD kLockOffsetLow = 0xFFFFFFFE;
constexpr DWORD kLockOffsetHigh = 0x7FFFFFFF;
constexpr std::int64_t kFrom1601To1970 = 116444736000000000;
constexpr LONG kStatusDeletePending = static_cast<LONG>(0xC0000056);

OVERLAPPED LockBytePosition() {
  OVERLAPPED position = {};
  position.Offset = kLockOffsetLow;
  position.OffsetHigh = kLockOffsetHigh;
  return position;
}

// Opening a file that is being deleted fails with ERROR_ACCESS_DENIED, as if permission were
// missing. Only the NT status distinguishes the two cases (tox-dev/filelock#604).
using NtStatusFunction = LONG(WINAPI*)();
NtStatusFunction FindLastNtStatus() {
  static const auto function = reinterpret_cast<NtStatusFunction>(reinterpret_cast<void*>(
      GetProcAddress(GetModuleHandleW(L"ntdll.dll"), "RtlGetLastNtStatus")));
  return function;
}

// Returns true if the error means that the file system has no locks. \\wsl$ returns
// ERROR_INVALID_FUNCTION (microsoft/WSL#5762).
bool IsLockingUnsupported(DWORD code) {
  return code == ERROR_INVALID_FUNCTION || code == ERROR_NOT_SUPPORTED ||
         code == ERROR_CALL_NOT_IMPLEMENTED;
}

// Reduces a file ID to 64 bits. ReFS uses all 128 bits, NTFS only the lower 64.
std::uint64_t FoldFileId(const FILE_ID_128& id) {
  std::uint64_t halves[2];
  static_assert(sizeof halves == sizeof id, "FILE_ID_128");
  CopyMemory(halves, &id, sizeof halves);
  return halves[0] ^ (halves[1] * 0x9E3779B97F4A7C15u);
}

bool ReadIdentity(const FileHandle& file, FileIdentity* identity) {
  FILE_ID_INFO info = {};
  if (!GetFileInformationByHandleEx(Raw(file), FileIdInfo, &info, sizeof info)) return false;
  *identity = {info.VolumeSerialNumber, FoldFileId(info.FileId)};
  return true;
}

std::uint64_t Join(DWORD high, DWORD low) { return (std::uint64_t{high} << 32) | low; }

FileHandle Create(const std::string& path, const OpenRequest& request, DWORD flags) {
  HANDLE handle = CreateFileW(LongPath(path).c_str(), request.access, request.share, nullptr,
                              request.disposition, request.flags | flags, nullptr);
  return FileHandle(reinterpret_cast<NativeHandle>(handle));
}

// Returns true for a reparse point that is not a link. It must not stay open with
// FILE_FLAG_OPEN_REPARSE_POINT, because reads and writes would then access the reparse point
// instead of the file that it represents.
bool IsContentReparsePoint(const FileHandle& file) {
  FILE_ATTRIBUTE_TAG_INFO info = {};
  return GetFileInformationByHandleEx(Raw(file), FileAttributeTagInfo, &info, sizeof info) != 0 &&
         (info.FileAttributes & FILE_ATTRIBUTE_REPARSE_POINT) != 0 && !IsLinkTag(info.ReparseTag);
}

// Opens the file that `reparse_point` represents. Returns an invalid handle if a link has replaced
// the reparse point in the meantime.
FileHandle OpenContent(const std::string& path, OpenRequest request,
                       const FileHandle& reparse_point) {
  request.disposition = OPEN_EXISTING;
  FileHandle file = Create(path, request, /*flags=*/0);
  FileFacts wanted;
  FileFacts facts;
  bool same = file.valid() && StatFile(reparse_point, &wanted).ok() &&
              StatFile(file, &facts).ok() && facts.identity == wanted.identity;
  if (!file.valid() || same) return file;
  SetLastError(ERROR_CANT_RESOLVE_FILENAME);
  return FileHandle();
}

// Returns true for a link, and for a reparse point that cannot be read, so that both are refused.
bool IsLink(const FileHandle& file, DWORD attributes) {
  FILE_ATTRIBUTE_TAG_INFO info = {};
  return (attributes & FILE_ATTRIBUTE_REPARSE_POINT) != 0 &&
         (!GetFileInformationByHandleEx(Raw(file), FileAttributeTagInfo, &info, sizeof info) ||
          IsLinkTag(info.ReparseTag));
}

}  // namespace

std::wstring LongPath(const std::string& path) {
  std::wstring wide = Wide(path);
  DWORD length = GetFullPathNameW(wide.c_str(), 0, nullptr, nullptr);
  std::wstring full(length, L'\0');
  length = GetFullPathNameW(wide.c_str(), length, &full[0], nullptr);
  full.resize(length);
  // The path names a device (\\.\NUL) or already has the prefix.
  if (full.compare(0, 4, L"\\\\.\\") == 0 || full.compare(0, 4, L"\\\\?\\") == 0) return full;
  if (full.compare(0, 2, L"\\\\") == 0) return L"\\\\?\\UNC" + full.substr(1);
  return L"\\\\?\\" + full;
}

FileHandle OpenFile(const std::string& path, const OpenRequest& request) {
  // Must be looked up before the file is opened, because GetProcAddress() changes both the NT
  // status and GetLastError().
  (void)FindLastNtStatus();
  DWORD open_link = request.follow_links ? 0 : FILE_FLAG_OPEN_REPARSE_POINT;
  FileHandle file = Create(path, request, open_link);
  DWORD code = GetLastError();
  if (file.valid() && open_link != 0 && IsContentReparsePoint(file)) {
    file = OpenContent(path, request, file);
    code = file.valid() ? ERROR_ALREADY_EXISTS : GetLastError();
  }
  SetLastError(code);
  return file;
}

Status LastErrorOrTransient(const char* syscall) {
  auto code = static_cast<int>(GetLastError());
  auto last_nt_status = FindLastNtStatus();
  if (last_nt_status != nullptr && last_nt_status() == kStatusDeletePending) {
    // "Busy" rather than "denied", because missing permissions are not the cause.
    return Status::TransientError(ERROR_SHARING_VIOLATION, syscall, "delete-pending");
  }
  if (code == ERROR_SHARING_VIOLATION) {
    return Status::TransientError(code, syscall, "sharing-violation");
  }
  // May be transient: a virus scanner, an indexer or a deletion on a server causes
  // ERROR_ACCESS_DENIED for a moment (tox-dev/filelock#705).
  return code == ERROR_ACCESS_DENIED ? Status::TransientError(code, syscall, "access-denied")
                                     : Status::SystemError(code, syscall);
}

Status LastOpenError(const std::string& path) {
  Status status = LastErrorOrTransient("open");
  if (status.transient() && status.sys_code != ERROR_ACCESS_DENIED) return status;
  Status explained = ExplainOpenFailure(path, FileAccess::kOwner, status.sys_code);
  return explained.kind == StatusKind::kSystemError ? status : explained;
}

Status StatFile(const FileHandle& file, FileFacts* facts) {
  BY_HANDLE_FILE_INFORMATION info = {};
  if (!GetFileInformationByHandle(Raw(file), &info)) {
    return LastError("GetFileInformationByHandle");
  }
  facts->attributes = info.dwFileAttributes;
  facts->is_link = IsLink(file, info.dwFileAttributes);
  facts->links = info.nNumberOfLinks;
  facts->size = Join(info.nFileSizeHigh, info.nFileSizeLow);
  if (!ReadIdentity(file, &facts->identity)) {
    facts->identity = {info.dwVolumeSerialNumber, Join(info.nFileIndexHigh, info.nFileIndexLow)};
  }
  return Status::Ok();
}

// Opens the file without any access rights, so that sharing modes do not matter and other processes
// are not disturbed.
Status SameFileAtPath(const std::string& path, const FileIdentity& identity) {
  FileHandle file = OpenFile(path, {});
  if (!file.valid()) {
    Status status = LastOpenError(path);
    return IsMissing(static_cast<DWORD>(status.sys_code)) ? Status::Replaced() : status;
  }
  FileFacts facts;
  Status status = StatFile(file, &facts);
  if (!status.ok()) return status;
  return facts.identity == identity ? Status::Ok() : Status::Replaced();
}

Status LockByte(const FileHandle& file, LockMode mode) {
  OVERLAPPED position = LockBytePosition();
  DWORD flags = LOCKFILE_FAIL_IMMEDIATELY;
  if (mode == LockMode::kExclusive) flags |= LOCKFILE_EXCLUSIVE_LOCK;
  if (LockFileEx(Raw(file), flags, 0, /*bytes=*/1, 0, &position)) return Status::Ok();
  DWORD code = GetLastError();
  if (code == ERROR_LOCK_VIOLATION || code == ERROR_IO_PENDING) return Status::Contended();
  return IsLockingUnsupported(code) ? Status::Unsupported(static_cast<int>(code), "LockFileEx")
                                    : Status::SystemError(static_cast<int>(code), "LockFileEx");
}

void UnlockByte(const FileHandle& file) {
  OVERLAPPED position = LockBytePosition();
  (void)UnlockFileEx(Raw(file), 0, /*bytes=*/1, 0, &position);
}

std::int64_t UnixMicroseconds(const FILETIME& time) {
  auto ticks = static_cast<std::int64_t>(Join(time.dwHighDateTime, time.dwLowDateTime));
  return (ticks - kFrom1601To1970) / 10;
}

}  // namespace gateway_lock
