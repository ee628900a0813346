#include "lock_path_check.h"

#include <utility>

#include "win32_access.h"
#include "win32_file.h"

namespace gateway_lock {
namespace {

constexpr DWORD kAll = FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE;
constexpr DWORD kInspect = READ_CONTROL | FILE_READ_ATTRIBUTES;

FileHandle OpenDirectory(const std::string& path, DWORD access) {
  return OpenFile(path, {access, kAll, OPEN_EXISTING, FILE_FLAG_BACKUP_SEMANTICS});
}

// Describes a file that is not regular. Returns nullptr for a regular file.
const char* DescribeNonRegular(DWORD attributes, bool is_link) {
  if (is_link) return "is a symbolic link";
  if (attributes & FILE_ATTRIBUTE_DIRECTORY) return "is a directory";
  if (attributes & FILE_ATTRIBUTE_DEVICE) return "is a device";
  return nullptr;
}

// Returns the parent directory, or an empty string if the path has no parent.
std::string ParentOf(const std::string& path) {
  std::size_t slash = path.find_last_of("\\/");
  return slash == std::string::npos ? std::string() : path.substr(0, slash);
}

Status MakeDirectory(const std::string& path, PrivateAccess* access) {
  if (CreateDirectoryW(LongPath(path).c_str(), access->attributes())) return Status::Ok();
  return GetLastError() == ERROR_ALREADY_EXISTS ? Status::Ok() : LastErrorOrTransient("mkdir");
}

Status MakeDirectories(const std::string& path, PrivateAccess* access) {
  Status status = MakeDirectory(path, access);
  if (status.sys_code != ERROR_PATH_NOT_FOUND) return status;
  std::string parent = ParentOf(path);
  if (parent.empty()) return status;
  status = MakeDirectories(parent, access);
  return status.ok() ? MakeDirectory(path, access) : status;
}

Status CheckDirectory(const FileHandle& directory, Access* access) {
  FileFacts facts;
  Status status = StatFile(directory, &facts);
  if (!status.ok()) return status;
  if (facts.is_link) return Status::InvalidFile("is a symbolic link");
  if (!(facts.attributes & FILE_ATTRIBUTE_DIRECTORY)) {
    return Status::InvalidFile("is not a directory");
  }
  status = ReadAccess(directory, access);
  if (!status.ok()) return status;
  return access->ours ? Status::Ok() : Status::ForeignOwner("belongs to another user");
}

}  // namespace

Status EnsureLockDirectory(const std::string& path, bool tighten) {
  PrivateAccess private_access;
  Status status = MakeDirectories(path, &private_access);
  if (!status.ok()) return status;
  FileHandle directory = OpenDirectory(path, kInspect);
  if (!directory.valid()) return LastErrorOrTransient("open");
  Access access;
  status = CheckDirectory(directory, &access);
  if (!status.ok() || !(access.any_user_may_write || access.any_user_may_remove)) return status;
  if (!tighten) return Status::InvalidFile("is a directory that every user may write to");
  directory = OpenDirectory(path, kInspect | WRITE_DAC);
  return directory.valid() ? private_access.ApplyTo(directory) : LastErrorOrTransient("open");
}

Status CheckParentDirectory(const std::string& lock_path) {
  // Follows a junction, because its target is the directory that contains the file. A missing or
  // unreadable directory is not an error here, because the next open reports it.
  FileHandle directory =
      OpenFile(ParentOf(lock_path) + "\\",
               {kInspect, kAll, OPEN_EXISTING, FILE_FLAG_BACKUP_SEMANTICS, /*follow_links=*/true});
  Access access;
  if (!directory.valid() || !ReadAccess(directory, &access).ok()) return Status::Ok();
  return access.any_user_may_remove
             ? Status::InvalidFile("lies in a directory that every user may write to")
             : Status::Ok();
}

Status CheckLockFile(const FileHandle& file, const LockOptions& options, bool created,
                     FileIdentity* identity) {
  // Checks for a device first, because its driver may not support the other queries.
  if (GetFileType(Raw(file)) != FILE_TYPE_DISK) return Status::InvalidFile("is a device");
  FileFacts facts;
  Status status = StatFile(file, &facts);
  if (!status.ok()) return status;
  const char* reason = DescribeNonRegular(facts.attributes, facts.is_link);
  if (reason != nullptr) return Status::InvalidFile(reason);
  Access access;
  bool checks_owner = !created && !options.existing_file && options.access == FileAccess::kOwner;
  if (checks_owner && ReadAccess(file, &access).ok() && !access.ours && access.any_user_may_write) {
    return Status::ForeignOwner("belongs to another user and is writable by others");
  }
  *identity = facts.identity;
  return Status::Ok();
}

Status ExplainOpenFailure(const std::string& path, FileAccess, int sys_code) {
  WIN32_FIND_DATAW found = {};
  HANDLE search = FindFirstFileW(LongPath(path).c_str(), &found);
  if (search == INVALID_HANDLE_VALUE) return Status::SystemError(sys_code, "open");
  FindClose(search);
  bool reparse_point = (found.dwFileAttributes & FILE_ATTRIBUTE_REPARSE_POINT) != 0;
  // dwReserved0 is the tag of a reparse point.
  const char* reason =
      DescribeNonRegular(found.dwFileAttributes, reparse_point && IsLinkTag(found.dwReserved0));
  return reason == nullptr ? Status::SystemError(sys_code, "open") : Status::InvalidFile(reason);
}

}  // namespace gateway_lock
