#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <initializer_list>
#include <string>

#include "acquiring.h"
#include "directory.h"
#include "test.h"

namespace gateway_lock::test {
namespace {

LockOptions Kept() {
  LockOptions options;
  options.keep_file = true;
  return options;
}

LockOptions Existing(LockMode mode = LockMode::kExclusive) {
  LockOptions options = OptionsFor(mode);
  options.existing_file = true;
  return options;
}

LockOptions For(FileAccess access) {
  LockOptions options = Kept();
  options.access = access;
  return options;
}

FileLock AcquireWith(const std::string& path, const LockOptions& options) {
  FileLock lock;
  CHECK(TryAcquire(path, &lock, options).ok());
  return lock;
}

TEST("a kept lock file is empty after the release, and the next holder locks the same inode") {
  Directory directory;
  FileLock lock = AcquireWith(directory / "a.lock", Kept());
  CHECK(lock.created() && lock.size() == 0);
  CHECK(lock.WriteRecord("mine\n").ok());
  std::uint64_t inode = InodeOf(directory / "a.lock");
  CHECK(lock.Release().ok());
  CHECK(ReadFile(directory / "a.lock").empty());
  FileLock again = AcquireWith(directory / "a.lock", Kept());
  CHECK(!again.created() && InodeOf(directory / "a.lock") == inode);
}

TEST(
    "a release clears only the holder's own record, and keeps text that another program has "
    "written since") {
  Directory directory;
  FileLock lock = AcquireWith(directory / "a.lock", Kept());
  CHECK(lock.WriteRecord("mine\n").ok());
  WriteFile(directory / "a.lock", "theirs");
  CHECK(lock.Release().ok());
  CHECK(ReadFile(directory / "a.lock") == "theirs");
}

TEST(
    "Undo() removes a lock file that the attempt created, and clears the record in a file that "
    "existed before") {
  Directory directory;
  FileLock created = Acquire(directory / "a.lock");
  CHECK(created.Undo().ok());
  CHECK(!Exists(directory / "a.lock"));
  WriteFile(directory / "a.lock", "leftover");
  FileLock found = Acquire(directory / "a.lock");
  CHECK(found.WriteRecord("mine\n").ok());
  CHECK(found.Undo().ok());
  CHECK(Exists(directory / "a.lock") && ReadFile(directory / "a.lock").empty());
}

TEST(
    "with existing_file, an attempt opens the file read-only in both lock modes and never changes "
    "it") {
  Directory directory;
  const std::string path = directory / "app.db";
  WriteFile(path, "precious");
  CHECK(chmod(path.c_str(), 0444) == 0);
  AsOrdinaryUser([&] {
    for (LockMode mode : {LockMode::kExclusive, LockMode::kShared}) {
      FileLock lock = AcquireWith(path, Existing(mode));
      CHECK((fcntl(static_cast<int>(lock.handle()), F_GETFL) & O_ACCMODE) == O_RDONLY);
      FileLock second;
      CHECK(TryAcquire(path, &second, Existing()).contended());
      CHECK(lock.Release().ok());
    }
  });
  CHECK(ReadFile(path) == "precious");
  FileLock none;
  Status missing = TryAcquire(directory / "missing.db", &none, Existing());
  CHECK(missing.sys_code == ENOENT && !Exists(directory / "missing.db"));
}

TEST("a new lock file gets the mode of its access option, independent of the umask") {
  Directory directory;
  struct {
    FileAccess access;
    mode_t mode;
  } const rows[] = {
      {FileAccess::kOwner, 0600}, {FileAccess::kGroup, 0660}, {FileAccess::kEveryone, 0666}};
  for (mode_t mask : std::initializer_list<mode_t>{0, 022, 0777}) {
    umask(mask);
    for (const auto& row : rows) {
      FileLock lock = AcquireWith(directory / "a.lock", For(row.access));
      CHECK(ModeOf(directory / "a.lock") == row.mode);
      CHECK(unlink((directory / "a.lock").c_str()) == 0);
    }
  }
}

TEST("an attempt accepts another user's world-writable lock file only with access for everyone") {
  RequireRoot();
  Directory directory;
  const std::string path = directory / "a.lock";
  WriteFile(path, "");
  CHECK(chmod(path.c_str(), 0666) == 0 && chown(path.c_str(), 65534, 65534) == 0);
  FileLock lock;
  for (FileAccess narrow : {FileAccess::kOwner, FileAccess::kGroup}) {
    CHECK(TryAcquire(path, &lock, For(narrow)).kind == StatusKind::kInvalidFile);
  }
  CHECK(TryAcquire(path, &lock, For(FileAccess::kEveryone)).ok());
}

TEST(
    "an attempt restores the mode of an empty lock file that its owner cannot open, but not of a "
    "file with content") {
  AsOrdinaryUser([] {
    Directory directory;
    const std::string empty = directory / "empty.lock";
    const std::string full = directory / "full.lock";
    WriteFile(empty, "");
    WriteFile(full, "precious");
    CHECK(chmod(empty.c_str(), 0) == 0 && chmod(full.c_str(), 0) == 0);
    CHECK(Acquire(empty).held());
    FileLock lock;
    CHECK(TryAcquire(full, &lock).sys_code == EACCES && ModeOf(full) == 0);
  });
}

}  // namespace
}  // namespace gateway_lock::test
