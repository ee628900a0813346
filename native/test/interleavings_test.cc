// Runs every schedule of two processes that acquire the lock, one that releases it, and one kill.
// The code of native/os is unchanged; only the system calls are simulated (interleavings_kernel.h).
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <string>

#include "interleavings_scenarios.h"
#include "interleavings_scheduler.h"
#include "test.h"

namespace gateway_lock::test {
namespace {

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

TEST("planted fault: without comparing inodes after locking, two processes hold the lock") {
  ExpectTwoHolders(ScenarioOf({kExclusive, kExclusive, kExclusive, Keep::kNo, Keep::kNo}),
                   Fault::kNoComparison);
}

TEST("planted fault: unlocking before removing the file deletes the file of the next holder") {
  ExpectTwoHolders(ScenarioOf({kExclusive, kExclusive, kExclusive, Keep::kNo, Keep::kNo}),
                   Fault::kUnlockFirst);
}

TEST("planted fault: unlocking before a kept file is cleared wipes the record of the next holder") {
  ExpectFound(ScenarioOf({kExclusive, kExclusive, kExclusive, Keep::kYes, Keep::kYes}),
              Fault::kUnlockFirst, "a holder's record is not what the file holds");
}

TEST(
    "planted fault: removing without the exclusive lock deletes the file of another shared "
    "holder") {
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
