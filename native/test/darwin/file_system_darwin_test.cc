// Tests locks on simulated macOS file systems. On a Mac, .github/workflows/ci.yml runs other tests
// on real file systems.
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstring>
#include <string>

#include "acquiring.h"
#include "directory.h"
#include "fake_file_system.h"
#include "file_lock.h"
#include "lock_probe.h"
#include "test.h"

namespace gateway_lock::test {
namespace {

using darwin::MountAs;
using darwin::Mounted;

FileLock AcquireWeak(const std::string& path) {
  FileLock lock;
  FileSystemCache file_systems;
  LockOptions options;
  options.allow_weak = true;
  CHECK(FileLock::TryAcquire(path, options, &file_systems, &lock).ok());
  return lock;
}

// Attempts to acquire the lock as another process would. Switches to APFS during the attempt,
// because on simulated SMB this process already holds the lock.
bool AnotherProcessIsRefused(const std::string& path) {
  FileHandle file(open(path.c_str(), O_RDWR | O_CLOEXEC));
  MountAs(Mounted::kApfs);
  bool refused = flock(static_cast<int>(file.get()), LOCK_EX | LOCK_NB) != 0;
  file.Reset();
  MountAs(Mounted::kSmb);
  return refused;
}

TEST(
    "on FAT a holder still recognises its lock file after the first record has changed the inode "
    "number") {
  Directory directory;
  MountAs(Mounted::kFat);
  FileLock lock = Acquire(directory / "a.lock");
  CHECK(lock.IsFileInPlace());
  CHECK(lock.WriteRecord("{}\n").ok());
  CHECK(lock.IsFileInPlace());
  CHECK(lock.Release().ok());
  CHECK(!Exists(directory / "a.lock"));
}

TEST(
    "on FAT, where every directory is world-writable, the error of a refused lock does not suggest "
    "chmod") {
  Directory directory;
  CHECK(chmod(directory.path().c_str(), 0777) == 0);
  MountAs(Mounted::kFat);
  FileLock lock;
  Status status = TryAcquire(directory / "a.lock", &lock);
  CHECK(status.kind == StatusKind::kInvalidFile);
  CHECK(std::strstr(status.detail, "without permissions (FAT)") != nullptr);
}

TEST("on SMB a lock is refused as weak, and the error names the SMB volume") {
  Directory directory;
  MountAs(Mounted::kSmb);
  FileLock lock;
  Status status = TryAcquire(directory / "a.lock", &lock);
  CHECK(status.kind == StatusKind::kWeakFileSystem);
  CHECK(std::strstr(status.detail, "is on an SMB volume") != nullptr);
}

TEST("on SMB with allow_weak, the file system test during an acquire does not drop the new lock") {
  Directory directory;
  const std::string path = directory / "a.lock";
  MountAs(Mounted::kSmb);
  FileLock lock = AcquireWeak(path);
  CHECK(lock.strength() == Strength::kWeak);
  CHECK(AnotherProcessIsRefused(path));
}

TEST(
    "on SMB a probe by the holder's own process reports the lock as held and does not drop the "
    "lock") {
  Directory directory;
  const std::string path = directory / "a.lock";
  MountAs(Mounted::kSmb);
  FileLock lock = AcquireWeak(path);
  FileLockProbe probe;
  CHECK(ProbeFileLock(path, FileAccess::kOwner, &probe).ok());
  CHECK(probe.state == ProbedState::kHeldExclusive);
  CHECK(AnotherProcessIsRefused(path));
  CHECK(lock.Release().ok());
  CHECK(ProbeFileLock(path, FileAccess::kOwner, &probe).ok());
  CHECK(probe.state == ProbedState::kMissing);
}

}  // namespace
}  // namespace gateway_lock::test
