#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <initializer_list>
#include <string>

#include "directory.h"
#include "lock_path_check.h"
#include "status_checks.h"
#include "test.h"

namespace gateway_lock::test {
namespace {

constexpr bool kChosenByUser = false;
constexpr bool kOwnDirectory = true;

std::string MakeDirectory(const std::string& path, mode_t mode) {
  CHECK(mkdir(path.c_str(), 0700) == 0);
  CHECK(chmod(path.c_str(), mode) == 0);
  return path;
}

TEST("a new lock directory and its missing parents are created with access only for their owner") {
  Directory directory;
  umask(0);
  CHECK(EnsureLockDirectory(directory / "a/b/c", kChosenByUser).ok());
  for (const char* made : {"a", "a/b", "a/b/c"}) CHECK(ModeOf(directory / made) == 0700);
  CHECK(EnsureLockDirectory(directory / "a/b/c", kChosenByUser).ok());
}

TEST("a lock directory that no other user can write to is accepted and not changed") {
  Directory directory;
  const std::string path = MakeDirectory(directory / "a", 0755);
  for (bool tighten : {kChosenByUser, kOwnDirectory}) {
    CHECK(EnsureLockDirectory(path, tighten).ok());
    CHECK(ModeOf(path) == 0755);
  }
}

TEST("a new lock directory gets all permissions for its owner, independent of the umask") {
  AsOrdinaryUser([] {
    Directory directory;
    for (mode_t mask : std::initializer_list<mode_t>{0177, 0277, 0777}) {
      umask(mask);
      const std::string path = directory / std::to_string(mask).c_str();
      CHECK(EnsureLockDirectory(path + "/b", kOwnDirectory).ok());
      CHECK(ModeOf(path) == 0700 && ModeOf(path + "/b") == 0700);
    }
  });
}

TEST("the package restores the owner's permissions on its own lock directory if they are missing") {
  Directory directory;
  const std::string path = MakeDirectory(directory / "a", 0);
  CHECK(EnsureLockDirectory(path, kOwnDirectory).ok());
  CHECK(ModeOf(path) == 0700);
}

TEST(
    "a group-writable lock directory is refused if the user chose it, and the package removes the "
    "group's permission from its own directory") {
  Directory directory;
  const std::string path = MakeDirectory(directory / "a", 0770);
  CHECK(IsInvalid(EnsureLockDirectory(path, kChosenByUser),
                  "is a directory that its group may write to"));
  CHECK(EnsureLockDirectory(path, kOwnDirectory).ok());
  CHECK(ModeOf(path) == 0750);
}

TEST("a world-writable lock directory is refused and not changed") {
  Directory directory;
  const std::string path = MakeDirectory(directory / "a", 01777);
  for (bool tighten : {kChosenByUser, kOwnDirectory}) {
    CHECK(IsInvalid(EnsureLockDirectory(path, tighten),
                    "is a directory that every user may write to"));
  }
  CHECK(ModeOf(path) == 01777);
}

TEST("a symbolic link to a directory is refused as a lock directory") {
  Directory directory;
  MakeDirectory(directory / "a", 0755);
  CHECK(symlink("a", (directory / "b").c_str()) == 0);
  CHECK(IsInvalid(EnsureLockDirectory(directory / "b", kOwnDirectory), "is a symbolic link"));
  CHECK(ModeOf(directory / "a") == 0755);
}

TEST("a file is refused as a lock directory and as the parent of a lock directory") {
  Directory directory;
  WriteFile(directory / "file", "");
  CHECK(IsInvalid(EnsureLockDirectory(directory / "file", kChosenByUser), "is not a directory"));
  Status below = EnsureLockDirectory(directory / "file/a", kChosenByUser);
  CHECK(below.kind == StatusKind::kSystemError && below.sys_code == ENOTDIR);
}

TEST("another user's directory is refused as a lock directory, independent of its permissions") {
  RequireRoot();
  Directory directory;
  const std::string open = MakeDirectory(directory / "open", 0755);
  const std::string closed = MakeDirectory(directory / "closed", 0700);
  AsOrdinaryUser([&] {
    for (const std::string& path : {open, closed}) {
      Status status = EnsureLockDirectory(path, kOwnDirectory);
      CHECK(HasDetail(status, StatusKind::kForeignOwner, "belongs to another user"));
    }
  });
  CHECK(ModeOf(open) == 0755);
}

TEST("if a lock directory cannot be created, the error of mkdir() is reported") {
  Directory directory;
  MakeDirectory(directory / "a", 0555);
  AsOrdinaryUser([&] {
    Status status = EnsureLockDirectory(directory / "a/b", kChosenByUser);
    CHECK(IsSystemError(status, EACCES, "mkdir"));
  });
}

}  // namespace
}  // namespace gateway_lock::test
