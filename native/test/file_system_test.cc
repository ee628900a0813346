#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cstdio>
#include <string>
#include <utility>

#include "directory.h"
#include "file_system.h"
#include "posix_file.h"
#include "test.h"

namespace gateway_lock::test {
namespace {

struct Opened {
  FileHandle file;
  FileIdentity identity;
};

Opened OpenFile(const std::string& path) {
  Opened opened;
  opened.file = FileHandle(open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  struct stat info;
  CHECK(StatFile(opened.file, &info).ok());
  opened.identity = IdentityOf(info);
  return opened;
}

Opened OpenLocked(const std::string& path) {
  Opened opened = OpenFile(path);
  CHECK(Flock(opened.file, LOCK_EX | LOCK_NB).ok());
  return opened;
}

// Returns true if the strength is determined, and is `expected`.
bool HasStrength(Strength expected, FileSystemCache* file_systems, const Opened& opened,
                 const std::string& path) {
  Strength strength = expected == Strength::kWeak ? Strength::kLocal : Strength::kWeak;
  Status status = file_systems->StrengthOf(opened.file, path, opened.identity, &strength);
  return status.ok() && strength == expected;
}

TEST(
    "a local file system that refuses a lock through a second descriptor has the strength "
    "'local'") {
  Directory directory;
  Opened held = OpenLocked(directory / "a.lock");
  FileSystemCache file_systems;
  CHECK(HasStrength(Strength::kLocal, &file_systems, held, directory / "a.lock"));
}

// The descriptor `free` holds no lock, so the second descriptor gets the lock, just as on a file
// system that grants a lock twice.
TEST("a file system that grants the lock twice has the strength 'weak', and the result is cached") {
  Directory directory;
  Opened free = OpenFile(directory / "a.lock");
  FileSystemCache file_systems;
  CHECK(HasStrength(Strength::kWeak, &file_systems, free, directory / "a.lock"));
  Opened held = OpenLocked(directory / "b.lock");
  CHECK(HasStrength(Strength::kWeak, &file_systems, held, directory / "b.lock"));
}

TEST("after a refused attempt on a local file system, locks are known to exclude without a test") {
  Directory directory;
  Opened held = OpenLocked(directory / "a.lock");
  FileSystemCache file_systems;
  file_systems.NoteRefusal(held.file, held.identity);
  CHECK(HasStrength(Strength::kLocal, &file_systems, held, directory / "missing"));
}

// A descriptor that is not open counts as one of a remote file system.
TEST("a refused attempt on a remote file system does not replace the test") {
  Directory directory;
  Opened held = OpenLocked(directory / "a.lock");
  FileSystemCache file_systems;
  file_systems.NoteRefusal(FileHandle(), held.identity);
  Strength strength = Strength::kWeak;
  Status missing =
      file_systems.StrengthOf(held.file, directory / "missing", held.identity, &strength);
  CHECK(missing.kind == StatusKind::kReplaced);
}

TEST("a refused attempt does not change the strength of a file system that was tested") {
  Directory directory;
  Opened free = OpenFile(directory / "a.lock");
  FileSystemCache file_systems;
  CHECK(HasStrength(Strength::kWeak, &file_systems, free, directory / "a.lock"));
  file_systems.NoteRefusal(free.file, free.identity);
  CHECK(HasStrength(Strength::kWeak, &file_systems, free, directory / "a.lock"));
}

TEST(
    "the file system test reports a path that is missing or names another file as replaced, and "
    "sets no strength") {
  Directory directory;
  Opened held = OpenLocked(directory / "a.lock");
  FileSystemCache file_systems;
  Strength strength = Strength::kRemote;
  CHECK(unlink((directory / "a.lock").c_str()) == 0);
  Status missing =
      file_systems.StrengthOf(held.file, directory / "a.lock", held.identity, &strength);
  CHECK(missing.kind == StatusKind::kReplaced);
  WriteFile(directory / "a.lock", "another");
  Status other = file_systems.StrengthOf(held.file, directory / "a.lock", held.identity, &strength);
  CHECK(other.kind == StatusKind::kReplaced);
  CHECK(strength == Strength::kRemote);
}

TEST("a file counts as remote if its file system cannot be queried") {
  Directory directory;
  Opened local = OpenFile(directory / "a.lock");
  CHECK(!IsRemoteFileSystem(local.file));
  CHECK(IsRemoteFileSystem(FileHandle()));
}

}  // namespace
}  // namespace gateway_lock::test
