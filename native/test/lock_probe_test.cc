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

TEST("probing a missing lock file reports it as missing and does not create the file") {
  Directory directory;
  CHECK(Probe(directory / "a.lock").state == ProbedState::kMissing);
  CHECK(!Exists(directory / "a.lock"));
}

TEST(
    "probing a leftover lock file reports the lock as free, with the record and size of the file") {
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

TEST("probing a shared lock reports the lock as shared as long as one holder is left") {
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

TEST("probing a free lock does not acquire the lock or change its file") {
  Directory directory;
  WriteFile(directory / "a.lock", "theirs\n");
  std::uint64_t inode = InodeOf(directory / "a.lock");
  CHECK(Probe(directory / "a.lock").state == ProbedState::kFree);
  CHECK(InodeOf(directory / "a.lock") == inode);
  CHECK(ReadFile(directory / "a.lock") == "theirs\n");
  CHECK(!IsRefused(directory / "a.lock"));
}

TEST("probing a lock file with a record that is too long reports the record up to the limit") {
  Directory directory;
  WriteFile(directory / "a.lock", std::string(kRecordLimit + 1, 'x'));
  CHECK(Probe(directory / "a.lock").record.size() == kRecordLimit);
}

TEST("probing a read-only lock file of another user works") {
  Directory directory;
  WriteFile(directory / "a.lock", "theirs\n");
  CHECK(chmod((directory / "a.lock").c_str(), 0444) == 0);
  AsOrdinaryUser([&] { CHECK(Probe(directory / "a.lock").state == ProbedState::kFree); });
}

TEST("probing a symbolic link or a FIFO fails, and the error names the type of the file") {
  Directory directory;
  CHECK(symlink("nowhere", (directory / "link").c_str()) == 0);
  CHECK(mkfifo((directory / "fifo").c_str(), 0600) == 0);
  FileLockProbe probe;
  Status link = ProbeFileLock(directory / "link", FileAccess::kOwner, &probe);
  CHECK(IsInvalid(link, "is a symbolic link"));
  Status fifo = ProbeFileLock(directory / "fifo", FileAccess::kOwner, &probe);
  CHECK(IsInvalid(fifo, "is a FIFO"));
}

TEST("probing an unreadable lock file of another user fails instead of reporting a free lock") {
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
