#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <string>
#include <utility>

#include "acquiring.h"
#include "directory.h"
#include "file_lock.h"
#include "test.h"

namespace gateway_lock::test {
namespace {

TEST("acquiring a free lock creates a file that only its owner can access") {
  Directory directory;
  FileLock lock = Acquire(directory / "a.lock");
  CHECK(lock.held() && lock.created());
  CHECK(lock.strength() == Strength::kLocal);
  CHECK(ModeOf(directory / "a.lock") == 0600);
}

TEST("a path without a slash names a lock file in the working directory") {
  Directory directory;
  CHECK(chdir(directory.path().c_str()) == 0);
  FileLock lock = Acquire("a.lock");
  CHECK(Exists(directory / "a.lock"));
  CHECK(chdir("/") == 0);
}

TEST("a second attempt is refused while the lock is held, even within the same process") {
  Directory directory;
  FileLock holder = Acquire(directory / "a.lock");
  FileLock contender;
  CHECK(TryAcquire(directory / "a.lock", &contender).contended());
  CHECK(!contender.held());
  CHECK(holder.IsFileInPlace());
}

TEST("a release removes the file and frees the lock") {
  Directory directory;
  FileLock holder = Acquire(directory / "a.lock");
  CHECK(holder.Release().ok());
  CHECK(!holder.held());
  CHECK(!Exists(directory / "a.lock"));
  CHECK(Acquire(directory / "a.lock").created());
}

TEST("a second release does nothing and does not affect the lock of the next holder") {
  Directory directory;
  FileLock holder = Acquire(directory / "a.lock");
  CHECK(holder.Release().ok());
  FileLock successor = Acquire(directory / "a.lock");
  CHECK(holder.Release().ok());
  CHECK(successor.IsFileInPlace());
  CHECK(IsRefused(directory / "a.lock"));
}

TEST("an unlock frees the lock and keeps the file with its record") {
  Directory directory;
  FileLock holder = Acquire(directory / "a.lock");
  CHECK(holder.WriteRecord("mine\n").ok());
  holder.Unlock();
  CHECK(!holder.held());
  FileLock next = Acquire(directory / "a.lock");
  CHECK(!next.created());
  CHECK(ReadFile(directory / "a.lock") == "mine\n");
}

TEST("the destructor of a lock object frees the lock and keeps the file") {
  Directory directory;
  {
    FileLock holder = Acquire(directory / "a.lock");
  }
  CHECK(Exists(directory / "a.lock"));
  CHECK(!IsRefused(directory / "a.lock"));
}

TEST("moving a lock object transfers the lock, and assigning to a lock object frees its old lock") {
  Directory directory;
  FileLock first = Acquire(directory / "a.lock");
  FileLock second = std::move(first);
  CHECK(!first.held() && second.held());  // NOLINT(bugprone-use-after-move)
  CHECK(IsRefused(directory / "a.lock"));
  second = Acquire(directory / "b.lock");
  CHECK(!IsRefused(directory / "a.lock"));
  CHECK(IsRefused(directory / "b.lock"));
}

TEST("shared holders do not exclude each other, but an exclusive attempt is refused") {
  Directory directory;
  FileLock first = Acquire(directory / "a.lock", LockMode::kShared);
  FileLock second = Acquire(directory / "a.lock", LockMode::kShared);
  CHECK(IsRefused(directory / "a.lock"));
  second.Unlock();
  CHECK(IsRefused(directory / "a.lock"));
  first.Unlock();
  CHECK(!IsRefused(directory / "a.lock"));
}

TEST("a shared attempt is refused while an exclusive holder holds the lock") {
  Directory directory;
  FileLock holder = Acquire(directory / "a.lock");
  CHECK(IsRefused(directory / "a.lock", LockMode::kShared));
}

TEST("only the release by the last shared holder removes the file") {
  Directory directory;
  FileLock first = Acquire(directory / "a.lock", LockMode::kShared);
  FileLock second = Acquire(directory / "a.lock", LockMode::kShared);
  CHECK(first.Release().ok());
  CHECK(!first.held());
  CHECK(second.IsFileInPlace());
  CHECK(IsRefused(directory / "a.lock"));
  CHECK(second.Release().ok());
  CHECK(!Exists(directory / "a.lock"));
}

TEST("the descriptor of a lock is close-on-exec") {
  Directory directory;
  FileLock lock = Acquire(directory / "a.lock");
  int fd = DescriptorOf(directory / "a.lock");
  CHECK(fd >= 0);
  CHECK(IsCloseOnExec(fd));
}

TEST("closing another descriptor of the lock file does not free the lock") {
  Directory directory;
  FileLock lock = Acquire(directory / "a.lock");
  close(open((directory / "a.lock").c_str(), O_RDWR | O_CLOEXEC));
  CHECK(IsRefused(directory / "a.lock"));
}

TEST("acquiring a lock does not change the record of the previous holder") {
  Directory directory;
  WriteFile(directory / "a.lock", "theirs\n");
  FileLock lock = Acquire(directory / "a.lock");
  std::string record;
  CHECK(lock.ReadRecord(&record).ok());
  CHECK(record == "theirs\n");
}

TEST("a shorter owner record replaces a longer one completely") {
  Directory directory;
  FileLock lock = Acquire(directory / "a.lock");
  CHECK(lock.WriteRecord("a longer record\n").ok());
  CHECK(lock.WriteRecord("short\n").ok());
  std::string record;
  CHECK(lock.ReadRecord(&record).ok());
  CHECK(record == "short\n");
  CHECK(ReadFile(directory / "a.lock") == "short\n");
}

TEST("reading a record that is too long returns only the bytes up to the limit") {
  Directory directory;
  WriteFile(directory / "a.lock", std::string(3 * kRecordLimit, 'x'));
  FileLock lock = Acquire(directory / "a.lock");
  std::string record;
  CHECK(lock.ReadRecord(&record).ok());
  CHECK(record == std::string(kRecordLimit, 'x'));
}

TEST("a holder whose lock file was removed detects the removal and can still release the lock") {
  Directory directory;
  FileLock lock = Acquire(directory / "a.lock");
  CHECK(unlink((directory / "a.lock").c_str()) == 0);
  CHECK(lock.held() && !lock.IsFileInPlace());
  CHECK(lock.Release().ok());
}

TEST("a holder whose lock file was replaced detects this and does not remove the new file") {
  Directory directory;
  FileLock lock = Acquire(directory / "a.lock");
  WriteFile(directory / "b.lock", "theirs\n");
  CHECK(rename((directory / "b.lock").c_str(), (directory / "a.lock").c_str()) == 0);
  CHECK(!lock.IsFileInPlace());
  CHECK(lock.Release().ok());
  CHECK(ReadFile(directory / "a.lock") == "theirs\n");
}

TEST("a holder that cannot check its lock file does not report the lock as lost") {
  AsOrdinaryUser([] {
    Directory directory;
    FileLock lock = Acquire(directory / "a.lock");
    CHECK(chmod(directory.path().c_str(), 0) == 0);
    CHECK(lock.IsFileInPlace());
    CHECK(chmod(directory.path().c_str(), 0700) == 0);
  });
}

}  // namespace
}  // namespace gateway_lock::test
