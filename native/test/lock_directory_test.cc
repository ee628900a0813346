#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <initializer_list>
#include <string>

#include "directory.h"
#include "lock_path_check.h"
#include "test.h"

namespace gateway_lock::test {
namespace {

constexpr bool kAsChosen = false;
constexpr bool kTighten = true;

bool IsInvalid(const Status& status, const char* detail) {
  return status.kind == StatusKind::kInvalidFile && std::strcmp(status.detail, detail) == 0;
}

std::string MakeDirectory(const std::string& path, mode_t mode) {
  CHECK(mkdir(path.c_str(), 0700) == 0);
  CHECK(chmod(path.c_str(), mode) == 0);
  return path;
}

TEST("a lock directory is made with its missing parents, for its user alone") {
  Directory directory;
  umask(0);
  CHECK(EnsureLockDirectory(directory / "a/b/c", kAsChosen).ok());
  for (const char* made : {"a", "a/b", "a/b/c"}) CHECK(ModeOf(directory / made) == 0700);
  CHECK(EnsureLockDirectory(directory / "a/b/c", kAsChosen).ok());
}

TEST("a directory that no other user can write to is used as it is, ours or not") {
  Directory directory;
  const std::string path = MakeDirectory(directory / "a", 0755);
  for (bool tighten : {kAsChosen, kTighten}) {
    CHECK(EnsureLockDirectory(path, tighten).ok());
    CHECK(ModeOf(path) == 0755);
  }
}

TEST("a lock directory gets its owner's rights whatever the umask is") {
  AsOrdinaryUser([] {
    Directory directory;
    for (mode_t mask : std::initializer_list<mode_t>{0177, 0277, 0777}) {
      umask(mask);
      const std::string path = directory / std::to_string(mask).c_str();
      CHECK(EnsureLockDirectory(path + "/b", kTighten).ok());
      CHECK(ModeOf(path) == 0700 && ModeOf(path + "/b") == 0700);
    }
  });
}

TEST("a lock directory of ours that has lost its owner's rights gets them back") {
  Directory directory;
  const std::string path = MakeDirectory(directory / "a", 0);
  CHECK(EnsureLockDirectory(path, kTighten).ok());
  CHECK(ModeOf(path) == 0700);
}

TEST(
    "a directory that its group may write to is refused when chosen, and read-only for it when "
    "ours") {
  Directory directory;
  const std::string path = MakeDirectory(directory / "a", 0770);
  CHECK(IsInvalid(EnsureLockDirectory(path, kAsChosen),
                  "is a directory that its group may write to"));
  CHECK(EnsureLockDirectory(path, kTighten).ok());
  CHECK(ModeOf(path) == 0750);
}

TEST("a directory that every user may write to is refused in any case, and not changed") {
  Directory directory;
  const std::string path = MakeDirectory(directory / "a", 01777);
  for (bool tighten : {kAsChosen, kTighten}) {
    CHECK(IsInvalid(EnsureLockDirectory(path, tighten),
                    "is a directory that every user may write to"));
  }
  CHECK(ModeOf(path) == 01777);
}

TEST("a link to a directory is refused as a lock directory") {
  Directory directory;
  MakeDirectory(directory / "a", 0755);
  CHECK(symlink("a", (directory / "b").c_str()) == 0);
  CHECK(IsInvalid(EnsureLockDirectory(directory / "b", kTighten), "is a symbolic link"));
  CHECK(ModeOf(directory / "a") == 0755);
}

TEST("a file is refused as a lock directory, and as the parent of one") {
  Directory directory;
  WriteFile(directory / "file", "");
  CHECK(IsInvalid(EnsureLockDirectory(directory / "file", kAsChosen), "is not a directory"));
  Status below = EnsureLockDirectory(directory / "file/a", kAsChosen);
  CHECK(below.kind == StatusKind::kSystemError && below.sys_code == ENOTDIR);
}

TEST("another user's directory is refused as a lock directory, open to us or not") {
  NeedsRoot();
  Directory directory;
  const std::string open = MakeDirectory(directory / "open", 0755);
  const std::string closed = MakeDirectory(directory / "closed", 0700);
  AsOrdinaryUser([&] {
    for (const std::string& path : {open, closed}) {
      Status status = EnsureLockDirectory(path, kTighten);
      CHECK(status.kind == StatusKind::kForeignOwner);
      CHECK(std::strcmp(status.detail, "belongs to another user") == 0);
    }
  });
  CHECK(ModeOf(open) == 0755);
}

TEST("a lock directory that may not be made is the system's own error") {
  Directory directory;
  MakeDirectory(directory / "a", 0555);
  AsOrdinaryUser([&] {
    Status status = EnsureLockDirectory(directory / "a/b", kAsChosen);
    CHECK(status.kind == StatusKind::kSystemError && status.sys_code == EACCES);
    CHECK(std::strcmp(status.syscall, "mkdir") == 0);
  });
}

}  // namespace
}  // namespace gateway_lock::test
