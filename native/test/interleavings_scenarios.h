// The scenarios whose schedules interleavings_test.cc runs: processes that acquire, release and
// probe one lock with the unchanged code of native/os.
#pragma once

#include "interleavings_scheduler.h"
#include "lock_options.h"

namespace gateway_lock::test {

enum class Keep { kNo, kYes };

struct Case {
  LockMode releaser;
  LockMode first;
  LockMode second;
  Keep keep;  // of the releaser and the first acquirer
  Keep second_keep;
  bool seasoned = true;
};

// Two acquirers and a releaser, which holds the lock when a schedule begins.
Scenario ScenarioOf(const Case& which);
// Two acquirers that find the record of a killed holder in the file.
Scenario AfterKill(Keep keep);
// An acquirer, a prober and a releaser, all in exclusive mode.
Scenario WithProber(Keep keep);

}  // namespace gateway_lock::test
