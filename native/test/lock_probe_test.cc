#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>

#include "directory.h"
#include "lock_probe.h"
#include "taking.h"
#include "test.h"

namespace gateway_lock::test {
namespace {

FileLockProbe Probe(const std::string& path) {
  FileLockProbe probe;
  CHECK(ProbeFileLock(path, FileAccess::kOwner, &probe).ok());
  return probe;
}

TEST("probing a path without a file finds it missing and makes none") {
  Directory directory;
  CHECK(Probe(directory / "a.lock").state == ProbedState::kMissing);
  CHECK(!Exists(directory / "a.lock"));
}

TEST("probing a leftover finds it free and tells its record and its size") {
  Directory directory;
  WriteFile(directory / "a.lock", "theirs\n");
  FileLockProbe probe = Probe(directory / "a.lock");
  CHECK(probe.state == ProbedState::kFree);
  CHECK(probe.record == "theirs\n");
  CHECK(probe.size == 7 && !probe.has_other_names);
}

TEST("probing a held lock tells the record, and the holder keeps the lock") {
  Directory directory;
  FileLock holder = Take(directory / "a.lock");
  CHECK(holder.WriteRecord("mine\n").ok());
  FileLockProbe probe = Probe(directory / "a.lock");
  CHECK(probe.state == ProbedState::kHeldExclusive);
  CHECK(probe.record == "mine\n");
  CHECK(IsRefused(directory / "a.lock"));
}

TEST("probing tells shared holders from an exclusive one, down to the last") {
  Directory directory;
  FileLock first = Take(directory / "a.lock", LockMode::kShared);
  FileLock second = Take(directory / "a.lock", LockMode::kShared);
  CHECK(Probe(directory / "a.lock").state == ProbedState::kHeldShared);
  second.Unlock();
  CHECK(Probe(directory / "a.lock").state == ProbedState::kHeldShared);
  CHECK(IsRefused(directory / "a.lock"));
  first.Unlock();
  CHECK(Probe(directory / "a.lock").state == ProbedState::kFree);
}

TEST("a probe leaves the lock free and its file as it was") {
  Directory directory;
  WriteFile(directory / "a.lock", "theirs\n");
  std::uint64_t inode = InodeOf(directory / "a.lock");
  CHECK(Probe(directory / "a.lock").state == ProbedState::kFree);
  CHECK(InodeOf(directory / "a.lock") == inode);
  CHECK(ReadFile(directory / "a.lock") == "theirs\n");
  CHECK(!IsRefused(directory / "a.lock"));
}

TEST("a probe tells no more of a record than the limit") {
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

TEST("probing what is no lock file says what it is") {
  Directory directory;
  CHECK(symlink("nowhere", (directory / "link").c_str()) == 0);
  CHECK(mkfifo((directory / "fifo").c_str(), 0600) == 0);
  FileLockProbe probe;
  Status link = ProbeFileLock(directory / "link", FileAccess::kOwner, &probe);
  CHECK(link.kind == StatusKind::kInvalidFile);
  CHECK(std::strcmp(link.detail, "is a symbolic link") == 0);
  Status fifo = ProbeFileLock(directory / "fifo", FileAccess::kOwner, &probe);
  CHECK(fifo.kind == StatusKind::kInvalidFile);
  CHECK(std::strcmp(fifo.detail, "is a FIFO") == 0);
}

TEST("a lock that may not be read is an error, not a free lock") {
  NeedsRoot();
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
