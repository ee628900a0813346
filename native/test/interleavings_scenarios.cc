#include "interleavings_scenarios.h"

#include <string>

#include "file_lock.h"
#include "lock_contender.h"
#include "lock_probe.h"
#include "test.h"

namespace gateway_lock::test {
namespace {

const std::string kPath = "/locks/a.lock";
// The longest record, so that a later record leaves a tail of it.
const std::string kReleasersRecord = "the record of the releaser, which is the longest\n";
const std::string kLeftover = "the record of a holder that was killed\n";
const std::string kRecords[] = {"record of process 0\n", "record of process 1, longer\n"};
const std::string kNextRecord = "next\n";
constexpr int kAttempts = 2;

LockOptions Options(LockMode mode, Keep keep) {
  LockOptions options;
  options.mode = mode;
  options.keep_file = keep == Keep::kYes;
  return options;
}

Held HeldIn(LockMode mode) { return mode == LockMode::kShared ? Held::kShared : Held::kExclusive; }

void Violate(const char* what) { Scheduler::Current()->Violate(what); }

// Acts as a holder. A shared holder writes no record.
void Hold(Actor& actor, FileLock& lock, LockMode mode, const std::string& record) {
  actor.Hold(HeldIn(mode));
  actor.Enter(Phase::kHolding);
  actor.Remember(lock.size());
  if (mode == LockMode::kShared) return;
  if (!lock.WriteRecord(record).ok()) return Violate("the record was not written");
  actor.ExpectContent(&record);
}

void Release(Actor& actor, FileLock& lock) {
  actor.Leave();
  actor.ExpectContent(nullptr);
  actor.Enter(Phase::kReleasing);
  actor.Remember(0);
  if (!lock.Release().ok()) Violate("the release failed");
}

// Reads the record as a refused process does. The file is empty, or begins with a whole record and
// may end with the tail of a longer one.
void ReadHolder(const LockContender& contender) {
  std::string text;
  if (!contender.ReadRecord(&text).ok()) return Violate("the record was not read");
  bool known = text.empty();
  for (const std::string* record :
       {&kReleasersRecord, &kLeftover, &kRecords[0], &kRecords[1], &kNextRecord}) {
    known = known || text.compare(0, record->size(), *record) == 0;
  }
  if (!known) Violate("a refused process read half a record");
}

// An actor that attempts to acquire the lock twice. `known` is the cache of a process that has
// acquired a lock on this file system before and so does not test it again. The test would also
// notice a replaced file, and could thereby hide a planted fault.
Scenario::Body Acquirer(LockMode mode, Keep keep, const std::string& record,
                        const FileSystemCache& known) {
  return [=, &record](Actor& actor) {
    FileSystemCache file_systems = known;
    FileLock lock;
    LockContender contender(kPath, Options(mode, keep));
    for (int attempt = 0; attempt < kAttempts && !lock.held(); ++attempt) {
      actor.Attempt(attempt);
      actor.StartOver();
      Status status = contender.Try(&file_systems, &lock);
      if (status.contended()) ReadHolder(contender);
      if (!status.ok() && !status.contended()) return Violate("an attempt failed");
    }
    if (!lock.held()) return;
    Hold(actor, lock, mode, record);
    // Checks the file as a real holder does, and does nothing else.
    if (!lock.IsFileInPlace()) Violate("a holder finds another file at its path");
    Release(actor, lock);
  };
}

// An actor that holds the lock when the schedule begins.
Scenario::Body Releaser(LockMode mode, Keep keep) {
  return [=](Actor& actor) {
    FileSystemCache file_systems;
    FileLock lock;
    LockContender contender(kPath, Options(mode, keep));
    if (!contender.Try(&file_systems, &lock).ok()) return Violate("the releaser did not acquire");
    Hold(actor, lock, mode, kReleasersRecord);
    actor.Ready();
    Release(actor, lock);
  };
}

// An actor that probes the lock twice.
Scenario::Body Prober() {
  return [](Actor& actor) {
    for (int probe = 0; probe < 2; ++probe) {
      actor.Attempt(probe);
      actor.StartOver();
      FileLockProbe found;
      if (!ProbeFileLock(kPath, FileAccess::kOwner, &found).ok()) return Violate("a probe failed");
    }
  };
}

// An actor that runs last. A single attempt in exclusive mode must succeed, whatever happened
// before.
Scenario::Body NextStarter(Keep keep) {
  return [=](Actor& actor) {
    FileSystemCache file_systems;
    FileLock lock;
    LockContender contender(kPath, Options(LockMode::kExclusive, keep));
    if (!contender.Try(&file_systems, &lock).ok()) return Violate("the next starter is refused");
    Hold(actor, lock, LockMode::kExclusive, kNextRecord);
    Release(actor, lock);
  };
}

// Returns the cache of a process that has acquired a lock once.
FileSystemCache Seasoned() {
  FileSystemCache file_systems;
  Scenario scenario;
  scenario.actors = {[&](Actor&) {
    FileLock lock;
    LockContender contender(kPath, LockOptions());
    CHECK(contender.Try(&file_systems, &lock).ok());
    (void)lock.Release();
  }};
  scenario.next = NextStarter(Keep::kNo);
  scenario.kills = 0;
  CHECK(Scheduler(scenario).Run().violation.empty());
  return file_systems;
}

}  // namespace

Scenario ScenarioOf(const Case& which) {
  FileSystemCache known = which.seasoned ? Seasoned() : FileSystemCache();
  Scenario scenario;
  scenario.actors = {Acquirer(which.first, which.keep, kRecords[0], known),
                     Acquirer(which.second, which.second_keep, kRecords[1], known),
                     Releaser(which.releaser, which.keep)};
  scenario.holder = 2;
  scenario.next = NextStarter(which.keep);
  return scenario;
}

Scenario AfterKill(Keep keep) {
  FileSystemCache known = Seasoned();
  Scenario scenario;
  scenario.actors = {Acquirer(LockMode::kExclusive, keep, kRecords[0], known),
                     Acquirer(LockMode::kExclusive, keep, kRecords[1], known)};
  scenario.leftover = &kLeftover;
  scenario.next = NextStarter(keep);
  return scenario;
}

Scenario WithProber(Keep keep) {
  Scenario scenario =
      ScenarioOf({LockMode::kExclusive, LockMode::kExclusive, LockMode::kExclusive, keep, keep});
  scenario.actors[1] = Prober();
  return scenario;
}

}  // namespace gateway_lock::test
