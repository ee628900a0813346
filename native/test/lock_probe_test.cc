#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <string>

#include "acquiring.h"
#include "directory.h"
#include "lock_probe.h"
#include "status_checks.h"
#include "test.h"

namespace gateway_lock::test {
namespace {

FileLockProbe Probe(const std::string& path) {
  FileLockProbe probe;
  CHECK(ProbeFileLock(path, FileAccess::kOwner, &probe).ok());
  return probe;
}

TEST("probing a missing file reports it as missing and does not create it") {
  Directory directory;
  CHECK(Probe(directory / "a.lock").state == ProbedState::kMissing);
  CHECK(!Exists(directory / "a.lock"));
}

TEST("probing a leftover lock file reports it as free, with its record and size") {
  Directory directory;
  WriteFile(directory / "a.lock", "theirs\n");
  FileLockProbe probe = Probe(directory / "a.lock");
  CHECK(probe.state == ProbedState::kFree);
  CHECK(probe.record == "theirs\n");
  CHECK(probe.size == 7 && !probe.has_other_names);
}

TEST("probing a held lock reports the holder's record and does not disturb the holder") {
  Directory directory;
  FileLock holder = Acquire(directory / "a.lock");
  CHECK(holder.WriteRecord("mine\n").ok());
  FileLockProbe probe = Probe(directory / "a.lock");
  CHECK(probe.state == ProbedState::kHeldExclusive);
  CHECK(probe.record == "mine\n");
  CHECK(IsRefused(directory / "a.lock"));
}

TEST("probing reports shared holders as long as one of them holds the lock") {
  Directory directory;
  FileLock first = Acquire(directory / "a.lock", LockMode::kShared);
  FileLock second = Acquire(directory / "a.lock", LockMode::kShared);
  CHECK(Probe(directory / "a.lock").state == ProbedState::kHeldShared);
  second.Unlock();
  CHECK(Probe(directory / "a.lock").state == ProbedState::kHeldShared);
  CHECK(IsRefused(directory / "a.lock"));
  first.Unlock();
  CHECK(Probe(directory / "a.lock").state == ProbedState::kFree);
}

TEST("probing keeps the lock free and its file unchanged") {
  Directory directory;
  WriteFile(directory / "a.lock", "theirs\n");
  std::uint64_t inode = InodeOf(directory / "a.lock");
  CHECK(Probe(directory / "a.lock").state == ProbedState::kFree);
  CHECK(InodeOf(directory / "a.lock") == inode);
  CHECK(ReadFile(directory / "a.lock") == "theirs\n");
  CHECK(!IsRefused(directory / "a.lock"));
}

TEST("probing a record that is too long reports it up to the limit") {
  Directory directory;
  WriteFile(directory / "a.lock", std::string(kRecordLimit + 1, 'x'));
  CHECK(Probe(directory / "a.lock").record.size() == kRecordLimit);
}

TEST("a read-only file can be probed") {
  Directory directory;
  WriteFile(directory / "a.lock", "theirs\n");
  CHECK(chmod((directory / "a.lock").c_str(), 0444) == 0);
  AsOrdinaryUser([&] { CHECK(Probe(directory / "a.lock").state == ProbedState::kFree); });
}

TEST("probing a symbolic link or a FIFO fails and names what it is") {
  Directory directory;
  CHECK(symlink("nowhere", (directory / "link").c_str()) == 0);
  CHECK(mkfifo((directory / "fifo").c_str(), 0600) == 0);
  FileLockProbe probe;
  Status link = ProbeFileLock(directory / "link", FileAccess::kOwner, &probe);
  CHECK(IsInvalid(link, "is a symbolic link"));
  Status fifo = ProbeFileLock(directory / "fifo", FileAccess::kOwner, &probe);
  CHECK(IsInvalid(fifo, "is a FIFO"));
}

TEST("probing an unreadable file of another user fails instead of reporting a free lock") {
  RequireRoot();
  Directory directory;
  WriteFile(directory / "a.lock", "theirs\n");
  CHECK(chmod((directory / "a.lock").c_str(), 0600) == 0);
  AsOrdinaryUser([&] {
    FileLockProbe probe;
    CHECK(ProbeFileLock(directory / "a.lock", FileAccess::kOwner, &probe).kind ==
          StatusKind::kForeignOwner);
  });
}

}  // namespace
}  // namespace gateway_lock::test
