#include "lock_path_check.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "posix_file.h"

namespace gateway_lock {
namespace {

constexpr mode_t kOthersMayWrite = S_IWGRP | S_IWOTH;
constexpr mode_t kOnlyOwner = 0700;
constexpr mode_t kModeBits = 07777;

// Describes a file that is not regular. Returns nullptr for a regular file.
const char* DescribeNonRegular(mode_t mode) {
  if (S_ISREG(mode)) return nullptr;
  if (S_ISLNK(mode)) return "is a symbolic link";
  if (S_ISDIR(mode)) return "is a directory";
  if (S_ISFIFO(mode)) return "is a FIFO";
  if (S_ISSOCK(mode)) return "is a socket";
  return "is a device";
}

std::string ParentOf(const std::string& path) {
  std::size_t slash = path.find_last_of('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

// Creates the directory and restores the owner's permissions if the umask (0277, 0777) has removed
// them, because otherwise no start could ever use the directory. Ignores a failure of chmod(): a
// mount that refuses chmod() has fixed modes, which CheckDirectory() checks.
Status MakeDirectory(const std::string& path) {
  if (mkdir(path.c_str(), kOnlyOwner) != 0) {
    return errno == EEXIST ? Status::Ok() : Status::SystemError(errno, "mkdir");
  }
  struct stat info;
  bool masked = StatPath(path.c_str(), &info).ok() && (info.st_mode & kOnlyOwner) != kOnlyOwner;
  if (masked) (void)chmod(path.c_str(), kOnlyOwner);
  return Status::Ok();
}

Status MakeDirectories(const std::string& path) {
  Status status = MakeDirectory(path);
  if (status.sys_code != ENOENT) return status;
  std::string parent = ParentOf(path);
  if (parent == path) return status;
  status = MakeDirectories(parent);
  return status.ok() ? MakeDirectory(path) : status;
}

// Fast path: the directory usually exists.
Status FindOrMake(const std::string& path, struct stat* info) {
  if (StatPath(path.c_str(), info).ok()) return Status::Ok();
  Status made = MakeDirectories(path);
  return made.ok() ? StatPath(path.c_str(), info) : made;
}

// Restores the owner's permissions on our own directory. A start with an unusual umask that is
// killed before its chmod() leaves an unusable directory. chmod() follows links, so the caller must
// have checked with lstat() that `path` is a directory.
Status RestoreOwnerAccess(const std::string& path, struct stat* info) {
  if ((info->st_mode & kOnlyOwner) == kOnlyOwner) return Status::Ok();
  (void)chmod(path.c_str(), kOnlyOwner);
  return StatPath(path.c_str(), info);
}

// Removes other users' write permission and keeps everything else. Group members may still read the
// directory, so that a gateway with another uid on the same volume can see our lock. Uses fchmod()
// on a descriptor, because chmod() follows links.
Status DenyWriting(const std::string& path, mode_t mode) {
  FileHandle directory = OpenPath(path.c_str(), O_RDONLY | O_DIRECTORY);
  if (!directory.valid()) return Status::SystemError(errno, "open");
  mode_t narrower = mode & kModeBits & ~kOthersMayWrite;
  return fchmod(Fd(directory), narrower) == 0 ? Status::Ok() : Status::SystemError(errno, "fchmod");
}

// Returns the mode bits that let more users write to a file than `access` allows.
mode_t ForbiddenWriteBits(FileAccess access) {
  if (access == FileAccess::kEveryone) return 0;
  return access == FileAccess::kGroup ? S_IWOTH : kOthersMayWrite;
}

Status CheckDirectory(const std::string& path, const struct stat& info) {
  if (S_ISLNK(info.st_mode)) return Status::InvalidFile("is a symbolic link");
  if (!S_ISDIR(info.st_mode)) return Status::InvalidFile("is not a directory");
  if (info.st_uid != geteuid()) return Status::ForeignOwner("belongs to another user");
  if (info.st_mode & S_IWOTH) {
    return Status::InvalidFile(
        LacksModes(path) ? "is a directory that every user may write to, without permissions (FAT)"
                         : "is a directory that every user may write to");
  }
  return Status::Ok();
}

}  // namespace

Status EnsureLockDirectory(const std::string& path, bool tighten) {
  struct stat info;
  Status status = FindOrMake(path, &info);
  if (status.ok()) status = CheckDirectory(path, info);
  if (status.ok() && tighten) status = RestoreOwnerAccess(path, &info);
  if (!status.ok()) return status;
  // Changes the mode only if another user could write, because mounts with fixed modes refuse
  // chmod() (Docker Desktop shares, CIFS without perms).
  if (tighten && (info.st_mode & kOthersMayWrite)) return DenyWriting(path, info.st_mode);
  if (info.st_mode & S_IWGRP) {
    return Status::InvalidFile("is a directory that its group may write to");
  }
  return Status::Ok();
}

Status CheckParentDirectory(const std::string& lock_path) {
  struct stat info;
  // A missing or unreadable directory is not an error here, because the next open() reports it.
  if (stat(ParentOf(lock_path).c_str(), &info) != 0) return Status::Ok();
  if ((info.st_mode & S_IWOTH) && !(info.st_mode & S_ISVTX)) {
    return Status::InvalidFile(LacksModes(ParentOf(lock_path))
                                   ? "lies on a file system without permissions (FAT)"
                                   : "lies in a directory that every user may write to");
  }
  return Status::Ok();
}

mode_t LockFileMode(FileAccess access) {
  if (access == FileAccess::kEveryone) return 0666;
  return access == FileAccess::kGroup ? 0660 : 0600;
}

Status CheckLockFile(const FileHandle& file, const LockOptions& options, bool created,
                     FileIdentity* identity) {
  struct stat info;
  Status status = StatFile(file, &info);
  if (status.ok()) status = CheckLockFile(info, options, created);
  if (status.ok()) *identity = IdentityOf(info);
  return status;
}

Status CheckLockFile(const struct stat& info, const LockOptions& options, bool created) {
  const char* reason = DescribeNonRegular(info.st_mode);
  if (reason != nullptr) return Status::InvalidFile(reason);
  bool foreign = !created && !options.existing_file && info.st_uid != geteuid();
  if (foreign && (info.st_mode & ForbiddenWriteBits(options.access))) {
    return Status::InvalidFile("belongs to another user and is writable by others");
  }
  return Status::Ok();
}

void SetLockFileMode(const FileHandle& file, const struct stat& info, const LockOptions& options,
                     bool created) {
  if (options.existing_file) return;
  bool shared = options.access != FileAccess::kOwner;
  bool leftover = shared && info.st_size == 0 && info.st_uid == geteuid();
  bool wrong = (info.st_mode & kModeBits) != LockFileMode(options.access);
  if ((created || leftover) && wrong) (void)fchmod(Fd(file), LockFileMode(options.access));
}

bool RepairLockFileMode(const std::string& path, const LockOptions& options) {
  struct stat info;
  constexpr mode_t kNeeded = S_IRUSR | S_IWUSR;
  bool leftover = !options.existing_file && StatPath(path.c_str(), &info).ok() &&
                  S_ISREG(info.st_mode) && info.st_size == 0 && info.st_uid == geteuid() &&
                  (info.st_mode & kNeeded) != kNeeded;
  return leftover && chmod(path.c_str(), LockFileMode(options.access)) == 0;
}

Status ExplainOpenFailure(const std::string& path, FileAccess access, int sys_code) {
  // EAGAIN means that another process (Samba, knfsd) has a lease on the file, which the kernel is
  // breaking (man 2 open, EWOULDBLOCK).
  if (sys_code == EAGAIN) return Status::TransientError(EAGAIN, "open", "file-lease");
  struct stat info;
  if (!StatPath(path.c_str(), &info).ok()) return Status::SystemError(sys_code, "open");
  const char* reason = DescribeNonRegular(info.st_mode);
  if (reason != nullptr) return Status::InvalidFile(reason);
  bool refused = sys_code == EACCES || sys_code == EPERM;
  // An empty file with shared access was probably just created by another user, whose process has
  // not yet set the mode.
  if (refused && access != FileAccess::kOwner && info.st_size == 0) {
    return Status::TransientError(sys_code, "open", "access-denied");
  }
  if (refused && info.st_uid != geteuid()) return Status::ForeignOwner("belongs to another user");
  return Status::SystemError(sys_code, "open");
}

}  // namespace gateway_lock
