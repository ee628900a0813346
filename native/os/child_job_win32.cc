#include "child_job.h"

#include "win32_file.h"

namespace gateway_lock {

// Puts this process into a job object, which its children inherit. libuv's own job object is not
// enough, because it lets grandchildren break away (src/win/process.c): if a child is `npm.cmd`,
// cmd.exe would end but the processes it started would not. The job handle stays open until this
// process ends, and closing the last handle ends every process in the job.
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
