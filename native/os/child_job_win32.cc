#include "child_job.h"

#include "win32_file.h"

namespace gateway_lock {

// libuv has such a job for its own children, which lets theirs break away (src/win/process.c): of
// `npm.cmd` only the cmd.exe would end. The children of a process in a job are in it, too, so this
// process goes in first. The end of this process closes the handle, and with the last one the job
// ends.
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
