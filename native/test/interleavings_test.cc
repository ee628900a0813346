// Runs every schedule of two processes that acquire the lock, one that releases it, and one kill.
// The code of native/os is unchanged; only the system calls are simulated (interleavings_kernel.h).
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <string>

#include "file_lock.h"
#include "interleavings_scheduler.h"
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

enum class Keep { kNo, kYes };

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

struct Case {
  LockMode releaser;
  LockMode first;
  LockMode second;
  Keep keep;  // of the releaser and the first acquirer
  Keep second_keep;
  bool seasoned = true;
};

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

// A scenario in which a killed holder has left its record in the file.
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

Figures Explore(const Scenario& scenario) { return Scheduler(scenario).Run(); }

void ExpectNone(const Scenario& scenario) {
  Figures figures = Explore(scenario);
  if (!figures.violation.empty()) {
    std::fprintf(stderr, "%s:\n%s", figures.violation.c_str(), figures.counterexample.c_str());
  }
  CHECK(figures.violation.empty());
  std::printf("%.3g schedules of up to %zu steps, as %llu states in %llu executions\n",
              figures.schedules, figures.longest, static_cast<unsigned long long>(figures.states),
              static_cast<unsigned long long>(figures.executions));
}

void ExpectNone(const Case& which) { ExpectNone(ScenarioOf(which)); }

constexpr LockMode kExclusive = LockMode::kExclusive;
constexpr LockMode kShared = LockMode::kShared;

TEST("every schedule: exclusive, the file is removed") {
  ExpectNone({kExclusive, kExclusive, kExclusive, Keep::kNo, Keep::kNo});
}

TEST("every schedule: exclusive, the file is kept") {
  ExpectNone({kExclusive, kExclusive, kExclusive, Keep::kYes, Keep::kYes});
}

TEST("every schedule: exclusive, one process keeps the file and the others remove it") {
  ExpectNone({kExclusive, kExclusive, kExclusive, Keep::kNo, Keep::kYes});
}

TEST("every schedule: an exclusive and a shared acquirer after an exclusive holder, removed") {
  ExpectNone({kExclusive, kExclusive, kShared, Keep::kNo, Keep::kNo});
}

TEST("every schedule: an exclusive and a shared acquirer after a shared holder, removed") {
  ExpectNone({kShared, kExclusive, kShared, Keep::kNo, Keep::kNo});
}

TEST("every schedule: an exclusive and a shared acquirer after a shared holder, kept") {
  ExpectNone({kShared, kExclusive, kShared, Keep::kYes, Keep::kYes});
}

TEST("every schedule: two shared acquirers after a shared holder, removed") {
  ExpectNone({kShared, kShared, kShared, Keep::kNo, Keep::kNo});
}

TEST("every schedule: two processes that test the file system first, removed") {
  ExpectNone({kExclusive, kExclusive, kExclusive, Keep::kNo, Keep::kNo, /*seasoned=*/false});
}

TEST("every schedule: two processes find the record of a killed holder, and remove the file") {
  ExpectNone(AfterKill(Keep::kNo));
}

TEST("every schedule: two processes find the record of a killed holder, and keep the file") {
  ExpectNone(AfterKill(Keep::kYes));
}

TEST("every schedule: all three processes may be killed, removed") {
  Scenario scenario = ScenarioOf({kExclusive, kExclusive, kExclusive, Keep::kNo, Keep::kNo});
  scenario.kills = 3;
  ExpectNone(scenario);
}

TEST("every schedule: an acquirer, a releaser and a process that probes the lock, removed") {
  ExpectNone(WithProber(Keep::kNo));
}

TEST("every schedule: an acquirer, a releaser and a process that probes the lock, kept") {
  ExpectNone(WithProber(Keep::kYes));
}

// Checks that the planted fault causes exactly this violation.
void ExpectFound(Scenario scenario, Fault fault, const char* violation) {
  scenario.fault = fault;
  Figures figures = Explore(scenario);
  std::printf("%s, in execution %llu\n", figures.violation.c_str(),
              static_cast<unsigned long long>(figures.executions));
  if (figures.violation != violation) std::fputs(figures.counterexample.c_str(), stderr);
  CHECK(figures.violation == violation);
}

void ExpectTwoHolders(Scenario scenario, Fault fault) {
  ExpectFound(scenario, fault, "a holder's lock is not on the file");
  scenario.only_two_holders = true;
  ExpectFound(scenario, fault, "two holders");
}

TEST("planted fault: without the comparison of inodes after the lock, two processes hold") {
  ExpectTwoHolders(ScenarioOf({kExclusive, kExclusive, kExclusive, Keep::kNo, Keep::kNo}),
                   Fault::kNoComparison);
}

TEST("planted fault: unlocking before the removal takes the file of the next holder") {
  ExpectTwoHolders(ScenarioOf({kExclusive, kExclusive, kExclusive, Keep::kNo, Keep::kNo}),
                   Fault::kUnlockFirst);
}

TEST("planted fault: unlocking before a kept file is cleared wipes the record of the next holder") {
  ExpectFound(ScenarioOf({kExclusive, kExclusive, kExclusive, Keep::kYes, Keep::kYes}),
              Fault::kUnlockFirst, "a holder's record is not what the file holds");
}

TEST(
    "planted fault: a removal without the exclusive lock takes the file of another shared holder") {
  ExpectTwoHolders(ScenarioOf({kShared, kExclusive, kShared, Keep::kNo, Keep::kNo}),
                   Fault::kRemoveUnlocked);
}

TEST("the enumeration counts the same schedules, however states are merged") {
  Scenario scenario = ScenarioOf({kExclusive, kShared, kExclusive, Keep::kYes, Keep::kYes});
  double schedules = Explore(scenario).schedules;
  scenario.merge = Scenario::Merge::kByAnswers;
  CHECK(Explore(scenario).schedules == schedules);
}

TEST("the enumeration counts as many schedules as it runs where no states are merged") {
  Scenario scenario = ScenarioOf({kExclusive, kExclusive, kExclusive, Keep::kNo, Keep::kNo});
  scenario.actors.erase(scenario.actors.begin());
  scenario.holder = 1;
  double schedules = Explore(scenario).schedules;
  scenario.merge = Scenario::Merge::kNever;
  Figures all = Explore(scenario);
  CHECK(all.schedules == schedules);
  CHECK(static_cast<double>(all.executions) == schedules);
  std::printf("%.0f schedules, each run\n", schedules);
}

// Only half of the walks allow a kill, because it soon happens: a kill is as likely as a call.
TEST("the real kernel answers each call of random schedules as the simulated one does") {
  constexpr std::uint32_t kWalks = 1000;
  const Case cases[] = {{kExclusive, kExclusive, kExclusive, Keep::kNo, Keep::kNo},
                        {kShared, kExclusive, kShared, Keep::kNo, Keep::kNo},
                        {kExclusive, kExclusive, kShared, Keep::kYes, Keep::kYes}};
  std::size_t calls = 0;
  for (std::uint32_t seed = 0; seed < kWalks; ++seed) {
    Scenario scenario = ScenarioOf(cases[seed % 3]);
    scenario.kills = seed % 2 == 0 ? 1 : 0;
    std::string simulated = Scheduler(scenario).Walk(seed);
    scenario.on_real_kernel = true;
    std::string real = Scheduler(scenario).Walk(seed);
    if (real != simulated) std::fprintf(stderr, "%s\n%s", simulated.c_str(), real.c_str());
    CHECK(real == simulated);
    calls += static_cast<std::size_t>(std::count(real.begin(), real.end(), '\n'));
  }
  std::printf("%zu calls of %u schedules\n", calls, kWalks);
}

}  // namespace
}  // namespace gateway_lock::test
