#include "child_job.h"

#include "win32_file.h"

namespace gateway_lock {

// Puts this process into a job, which its children inherit. The job of libuv is not enough: it lets
// grandchildren break away (src/win/process.c), so only the cmd.exe of `npm.cmd` would end. The
// handle stays open: the end of this process closes it, and with the last handle the job ends.
Status KillChildrenOnExit() {
  FileHandle job(reinterpret_cast<NativeHandle>(CreateJobObjectW(nullptr, nullptr)));
  if (job.get() == 0) {
    (void)job.Take();
    return LastError("CreateJobObject");
  }
  JOBOBJECT_EXTENDED_LIMIT_INFORMATION limits = {};
  limits.BasicLimitInformation.LimitFlags = JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE;
  if (!SetInformationJobObject(Raw(job), JobObjectExtendedLimitInformation, &limits,
                               sizeof limits)) {
    return LastError("SetInformationJobObject");
  }
  if (!AssignProcessToJobObject(Raw(job), GetCurrentProcess())) {
    return LastError("AssignProcessToJobObject");
  }
  (void)job.Take();
  return Status::Ok();
}

}  // namespace gateway_lock
