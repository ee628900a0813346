#include "lock_place.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "posix_file.h"

namespace gateway_lock {
namespace {

constexpr mode_t kOthersMayWrite = S_IWGRP | S_IWOTH;
constexpr mode_t kOnlyOwner = 0700;
constexpr mode_t kLockFileMode = 0600;

// nullptr for a regular file.
const char* WhyNotRegular(mode_t mode) {
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

Status MakeMissing(const std::string& path) {
  if (mkdir(path.c_str(), kOnlyOwner) == 0 || errno == EEXIST) return Status::Ok();
  if (errno != ENOENT) return Status::SystemError(errno, "mkdir");
  std::string parent = ParentOf(path);
  if (parent == path) return Status::SystemError(ENOENT, "mkdir");
  Status made = MakeMissing(parent);
  if (!made.ok()) return made;
  if (mkdir(path.c_str(), kOnlyOwner) == 0 || errno == EEXIST) return Status::Ok();
  return Status::SystemError(errno, "mkdir");
}

// Mostly it is there, and one look is all.
Status FindOrMake(const std::string& path, struct stat* info) {
  if (StatPath(path.c_str(), info).ok()) return Status::Ok();
  Status made = MakeMissing(path);
  return made.ok() ? StatPath(path.c_str(), info) : made;
}

// By a descriptor, because chmod() follows a link.
Status MakePrivate(const std::string& path) {
  FileHandle directory(open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!directory.valid()) return Status::SystemError(errno, "open");
  return fchmod(Fd(directory), kOnlyOwner) == 0 ? Status::Ok()
                                                : Status::SystemError(errno, "fchmod");
}

}  // namespace

Status EnsureLockDirectory(const std::string& path, bool tighten) {
  struct stat info;
  Status status = FindOrMake(path, &info);
  if (!status.ok()) return status;
  if (S_ISLNK(info.st_mode)) return Status::InvalidFile("is a symbolic link");
  if (!S_ISDIR(info.st_mode)) return Status::InvalidFile("is not a directory");
  if (info.st_uid != geteuid()) return Status::ForeignOwner("belongs to another user");
  if (info.st_mode & S_IWOTH) {
    return Status::InvalidFile(
        KeepsNoModes(path)
            ? "is a directory that every user may write to, without permissions (FAT)"
            : "is a directory that every user may write to");
  }
  if (tighten && (info.st_mode & 0077)) return MakePrivate(path);
  if (info.st_mode & S_IWGRP) {
    return Status::InvalidFile("is a directory that its group may write to");
  }
  return Status::Ok();
}

Status CheckParentDirectory(const std::string& lock_path) {
  struct stat info;
  // A directory that is missing or unreadable is reported by the open() that follows.
  if (stat(ParentOf(lock_path).c_str(), &info) != 0) return Status::Ok();
  if ((info.st_mode & S_IWOTH) && !(info.st_mode & S_ISVTX)) {
    return Status::InvalidFile(KeepsNoModes(ParentOf(lock_path))
                                   ? "lies on a file system without permissions (FAT)"
                                   : "lies in a directory that every user may write to");
  }
  return Status::Ok();
}

Status CheckLockFile(const FileHandle& file, bool created, FileIdentity* identity) {
  struct stat info;
  Status status = StatFile(file, &info);
  if (!status.ok()) return status;
  // A file that its owner cannot open again would lock everybody out for good. The result does not
  // matter: FAT has no modes to set.
  if (created && (info.st_mode & 0777) != kLockFileMode) (void)fchmod(Fd(file), kLockFileMode);
  const char* reason = WhyNotRegular(info.st_mode);
  if (reason != nullptr) return Status::InvalidFile(reason);
  if (info.st_nlink > 1) {
    return Status::InvalidFile("is a hard link to a file that has other names");
  }
  if (info.st_uid != geteuid() && (info.st_mode & kOthersMayWrite)) {
    return Status::InvalidFile("belongs to another user and is writable by others");
  }
  *identity = IdentityOf(info);
  return Status::Ok();
}

Status ExplainOpenFailure(const std::string& path, int sys_code) {
  struct stat info;
  if (!StatPath(path.c_str(), &info).ok()) return Status::SystemError(sys_code, "open");
  const char* reason = WhyNotRegular(info.st_mode);
  if (reason != nullptr) return Status::InvalidFile(reason);
  bool refused = sys_code == EACCES || sys_code == EPERM;
  if (refused && info.st_uid != geteuid()) return Status::ForeignOwner("belongs to another user");
  return Status::SystemError(sys_code, "open");
}

}  // namespace gateway_lock
