#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <string>
#include <utility>

#include "directory.h"
#include "file_lock.h"
#include "taking.h"
#include "test.h"

namespace gateway_lock::test {
namespace {

TEST("a contender gets a free lock, in a file that is made for its user alone") {
  Directory directory;
  FileLock lock = Take(directory / "a.lock");
  CHECK(lock.held() && lock.created());
  CHECK(lock.strength() == Strength::kLocal);
  CHECK(ModeOf(directory / "a.lock") == 0600);
}

TEST("a path without a slash is a lock in the working directory") {
  Directory directory;
  CHECK(chdir(directory.path().c_str()) == 0);
  FileLock lock = Take("a.lock");
  CHECK(Exists(directory / "a.lock"));
  CHECK(chdir("/") == 0);
}

TEST("a second contender is refused, in the same process too, and gets nothing") {
  Directory directory;
  FileLock holder = Take(directory / "a.lock");
  FileLock contender;
  CHECK(TryTake(directory / "a.lock", &contender).contended());
  CHECK(!contender.held());
  CHECK(holder.IsFileInPlace());
}

TEST("release removes the file and lets the next contender in") {
  Directory directory;
  FileLock holder = Take(directory / "a.lock");
  CHECK(holder.Release().ok());
  CHECK(!holder.held());
  CHECK(!Exists(directory / "a.lock"));
  CHECK(Take(directory / "a.lock").created());
}

TEST("a second release does nothing, to a successor's lock either") {
  Directory directory;
  FileLock holder = Take(directory / "a.lock");
  CHECK(holder.Release().ok());
  FileLock successor = Take(directory / "a.lock");
  CHECK(holder.Release().ok());
  CHECK(successor.IsFileInPlace());
  CHECK(IsRefused(directory / "a.lock"));
}

TEST("abandon lets the next contender in and leaves the file and its record") {
  Directory directory;
  FileLock holder = Take(directory / "a.lock");
  CHECK(holder.WriteRecord("mine\n").ok());
  holder.Unlock();
  CHECK(!holder.held());
  FileLock next = Take(directory / "a.lock");
  CHECK(!next.created());
  CHECK(ReadFile(directory / "a.lock") == "mine\n");
}

TEST("a lock that goes out of scope is free, and leaves its file") {
  Directory directory;
  {
    FileLock holder = Take(directory / "a.lock");
  }
  CHECK(Exists(directory / "a.lock"));
  CHECK(!IsRefused(directory / "a.lock"));
}

TEST("a lock that is moved is held once, and a lock that is overwritten is free") {
  Directory directory;
  FileLock first = Take(directory / "a.lock");
  FileLock second = std::move(first);
  CHECK(!first.held() && second.held());  // NOLINT(bugprone-use-after-move)
  CHECK(IsRefused(directory / "a.lock"));
  second = Take(directory / "b.lock");
  CHECK(!IsRefused(directory / "a.lock"));
  CHECK(IsRefused(directory / "b.lock"));
}

TEST("shared holders let each other in, and keep an exclusive contender out") {
  Directory directory;
  FileLock first = Take(directory / "a.lock", LockMode::kShared);
  FileLock second = Take(directory / "a.lock", LockMode::kShared);
  CHECK(IsRefused(directory / "a.lock"));
  second.Unlock();
  CHECK(IsRefused(directory / "a.lock"));
  first.Unlock();
  CHECK(!IsRefused(directory / "a.lock"));
}

TEST("an exclusive holder keeps a shared contender out") {
  Directory directory;
  FileLock holder = Take(directory / "a.lock");
  CHECK(IsRefused(directory / "a.lock", LockMode::kShared));
}

TEST("only the last shared holder that releases removes the file") {
  Directory directory;
  FileLock first = Take(directory / "a.lock", LockMode::kShared);
  FileLock second = Take(directory / "a.lock", LockMode::kShared);
  CHECK(first.Release().ok());
  CHECK(!first.held());
  CHECK(second.IsFileInPlace());
  CHECK(IsRefused(directory / "a.lock"));
  CHECK(second.Release().ok());
  CHECK(!Exists(directory / "a.lock"));
}

TEST("no child that is started by exec inherits the lock") {
  Directory directory;
  FileLock lock = Take(directory / "a.lock");
  int fd = DescriptorOf(directory / "a.lock");
  CHECK(fd >= 0);
  CHECK(IsCloseOnExec(fd));
}

TEST("closing another descriptor of the file does not end the lock") {
  Directory directory;
  FileLock lock = Take(directory / "a.lock");
  close(open((directory / "a.lock").c_str(), O_RDWR | O_CLOEXEC));
  CHECK(IsRefused(directory / "a.lock"));
}

TEST("acquiring leaves the record of whoever was there before") {
  Directory directory;
  WriteFile(directory / "a.lock", "theirs\n");
  FileLock lock = Take(directory / "a.lock");
  std::string record;
  CHECK(lock.ReadRecord(&record).ok());
  CHECK(record == "theirs\n");
}

TEST("a shorter owner record replaces a longer one whole") {
  Directory directory;
  FileLock lock = Take(directory / "a.lock");
  CHECK(lock.WriteRecord("a longer record\n").ok());
  CHECK(lock.WriteRecord("short\n").ok());
  std::string record;
  CHECK(lock.ReadRecord(&record).ok());
  CHECK(record == "short\n");
  CHECK(ReadFile(directory / "a.lock") == "short\n");
}

TEST("reading a hostile record stops at the limit") {
  Directory directory;
  WriteFile(directory / "a.lock", std::string(3 * kRecordLimit, 'x'));
  FileLock lock = Take(directory / "a.lock");
  std::string record;
  CHECK(lock.ReadRecord(&record).ok());
  CHECK(record == std::string(kRecordLimit, 'x'));
}

TEST("a holder notices that its file was removed, and still releases") {
  Directory directory;
  FileLock lock = Take(directory / "a.lock");
  CHECK(unlink((directory / "a.lock").c_str()) == 0);
  CHECK(lock.held() && !lock.IsFileInPlace());
  CHECK(lock.Release().ok());
}

TEST("a holder notices that its file was replaced, and never removes the other one") {
  Directory directory;
  FileLock lock = Take(directory / "a.lock");
  WriteFile(directory / "b.lock", "theirs\n");
  CHECK(rename((directory / "b.lock").c_str(), (directory / "a.lock").c_str()) == 0);
  CHECK(!lock.IsFileInPlace());
  CHECK(lock.Release().ok());
  CHECK(ReadFile(directory / "a.lock") == "theirs\n");
}

TEST("a path that cannot be asked is no proof that the lock was lost") {
  AsOrdinaryUser([] {
    Directory directory;
    FileLock lock = Take(directory / "a.lock");
    CHECK(chmod(directory.path().c_str(), 0) == 0);
    CHECK(lock.IsFileInPlace());
    CHECK(chmod(directory.path().c_str(), 0700) == 0);
  });
}

}  // namespace
}  // namespace gateway_lock::test
