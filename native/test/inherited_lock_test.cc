// Tests locks whose descriptor a process has inherited.
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "acquiring.h"
#include "descriptors.h"
#include "directory.h"
#include "idle_child.h"
#include "lock_contender.h"
#include "status_checks.h"
#include "test.h"

namespace gateway_lock::test {
namespace {

Status Adopt(const std::string& path, int descriptor, FileLock* out,
             const LockOptions& options = {}) {
  FileSystemCache file_systems;
  return LockContender(path, options).Adopt(descriptor, &file_systems, out);
}

// Returns a descriptor of the holder's open file, as a child process inherits it.
int InheritedFrom(const FileLock& holder) {
  int fd = dup(static_cast<int>(holder.handle()));
  CHECK(fd >= 0);
  return fd;
}

FileLock AdoptedFrom(const FileLock& holder) {
  FileLock adopted;
  CHECK(Adopt(holder.path(), InheritedFrom(holder), &adopted).ok());
  return adopted;
}

bool IsOpen(int fd) { return fcntl(fd, F_GETFD) >= 0; }

TEST("an inherited descriptor is adopted as the lock, and no file content changes") {
  Directory directory;
  FileLock holder = Acquire(directory / "a.lock");
  CHECK(holder.WriteRecord("holder\n").ok());
  int fd = InheritedFrom(holder);
  FileLock adopted;
  CHECK(Adopt(directory / "a.lock", fd, &adopted).ok());
  CHECK(adopted.handle() == fd && IsCloseOnExec(fd) && !adopted.created());
  CHECK(adopted.size() == 7 && ReadFile(directory / "a.lock") == "holder\n");
}

TEST("an adopted lock stays held after the predecessor has left it, until it is released") {
  Directory directory;
  FileLock holder = Acquire(directory / "a.lock");
  FileLock adopted = AdoptedFrom(holder);
  holder.Leave();
  CHECK(!holder.held() && IsRefused(directory / "a.lock"));
  CHECK(adopted.Release().ok());
  CHECK(!Exists(directory / "a.lock"));
}

TEST("a holder that leaves its lock keeps the lock of a child that has inherited the descriptor") {
  Directory directory;
  FileLock holder = Acquire(directory / "a.lock");
  IdleChild child;
  holder.Leave();
  CHECK(IsRefused(directory / "a.lock"));
  child.End();
  CHECK(!IsRefused(directory / "a.lock"));
}

TEST("a closed descriptor is not adopted") {
  Directory directory;
  WriteFile(directory / "a.lock", "");
  FileLock lock;
  int fd = OpenWith(directory / "b", "");
  CHECK(close(fd) == 0);
  CHECK(Adopt(directory / "a.lock", fd, &lock).sys_code == EBADF && !lock.held());
}

TEST("a descriptor of another file is neither adopted nor locked nor closed nor changed") {
  Directory directory;
  WriteFile(directory / "a.lock", "");
  FileLock lock;
  int other = dup(OpenWith(directory / "b.lock", ""));
  int pair[2];
  CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
  for (int fd : {other, pair[0], open("/dev/null", O_RDWR), open("/", O_RDONLY)}) {
    CHECK(Adopt(directory / "a.lock", fd, &lock).kind == StatusKind::kReplaced);
    CHECK(IsOpen(fd) && !IsCloseOnExec(fd) && !lock.held());
  }
  CHECK(!IsRefused(directory / "b.lock"));
}

TEST("a descriptor is not adopted after another file has taken the place of the lock file") {
  Directory directory;
  FileLock holder = Acquire(directory / "a.lock");
  int fd = InheritedFrom(holder);
  CHECK(unlink((directory / "a.lock").c_str()) == 0);
  FileLock lock;
  CHECK(Adopt(directory / "a.lock", fd, &lock).kind == StatusKind::kReplaced);
  WriteFile(directory / "a.lock", "");
  CHECK(Adopt(directory / "a.lock", fd, &lock).kind == StatusKind::kReplaced && IsOpen(fd));
}

TEST("a read-only descriptor is adopted only for an existing file that is never written") {
  Directory directory;
  WriteFile(directory / "a.lock", "");
  int fd = open((directory / "a.lock").c_str(), O_RDONLY);
  FileLock lock;
  CHECK(Adopt(directory / "a.lock", fd, &lock).kind == StatusKind::kReplaced && IsOpen(fd));
  LockOptions options;
  options.existing_file = true;
  CHECK(Adopt(directory / "a.lock", fd, &lock, options).ok() && lock.held());
}

TEST("a descriptor is not adopted if every user may write to the directory of the lock file") {
  Directory directory;
  FileLock holder = Acquire(directory / "a.lock");
  int fd = InheritedFrom(holder);
  CHECK(chmod(directory.path().c_str(), 0777) == 0);
  FileLock lock;
  CHECK(IsInvalid(Adopt(directory / "a.lock", fd, &lock),
                  "lies in a directory that every user may write to"));
  CHECK(IsOpen(fd) && !lock.held());
}

TEST("a descriptor of a lock that another process holds is not adopted and not closed") {
  Directory directory;
  FileLock holder = Acquire(directory / "a.lock");
  int fd = open((directory / "a.lock").c_str(), O_RDWR);
  FileLock lock;
  CHECK(Adopt(directory / "a.lock", fd, &lock).contended());
  CHECK(IsOpen(fd) && !IsCloseOnExec(fd));
  holder.Unlock();
  CHECK(Adopt(directory / "a.lock", fd, &lock).ok() && IsRefused(directory / "a.lock"));
}

TEST("a release of an adopted lock in a forked copy only closes the descriptor") {
  Directory directory;
  FileLock holder = Acquire(directory / "a.lock");
  FileLock adopted = AdoptedFrom(holder);
  holder.Leave();
  InForkedChild([&] { CHECK(adopted.Release().ok() && !adopted.held()); });
  CHECK(adopted.IsFileInPlace() && IsRefused(directory / "a.lock"));
}

TEST("relocking gets the lock back that the predecessor has unlocked") {
  Directory directory;
  FileLock holder = Acquire(directory / "a.lock");
  FileLock adopted = AdoptedFrom(holder);
  holder.Unlock();
  CHECK(!IsRefused(directory / "a.lock"));
  CHECK(adopted.Relock().ok() && IsRefused(directory / "a.lock"));
}

TEST("relocking fails if another process has the lock, or if the file has been removed") {
  Directory directory;
  FileLock holder = Acquire(directory / "a.lock");
  FileLock adopted = AdoptedFrom(holder);
  holder.Unlock();
  FileLock third = Acquire(directory / "a.lock");
  CHECK(adopted.Relock().contended());
  CHECK(third.Release().ok());
  CHECK(adopted.Relock().kind == StatusKind::kReplaced);
}

TEST("a record that is shorter than the predecessor's last record replaces the whole content") {
  Directory directory;
  FileLock holder = Acquire(directory / "a.lock");
  FileLock adopted = AdoptedFrom(holder);
  CHECK(holder.WriteRecord("the last record of the predecessor\n").ok());
  holder.Leave();
  CHECK(adopted.Relock().ok() && adopted.WriteRecord("new\n").ok());
  CHECK(ReadFile(directory / "a.lock") == "new\n");
}

}  // namespace
}  // namespace gateway_lock::test
