#include <windows.h>

#include "lock_contender.h"

namespace gateway_lock {

// A lock of LockFileEx() belongs to the process that has acquired it, so no process can inherit it.
Status LockContender::Adopt(NativeHandle, FileSystemCache*, FileLock*) {
  return Status::Unsupported(ERROR_NOT_SUPPORTED, "AdoptLock");
}

}  // namespace gateway_lock
