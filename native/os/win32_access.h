// Who may do what with a file or directory, by its access control list. Included by _win32.cc files
// only.
#pragma once

#include <windows.h>

#include "status.h"
#include "unique_handle.h"

namespace gateway_lock {

struct Access {
  bool ours = true;                  // this user's, or an administrator's
  bool any_user_may_write = false;   // into a file; new entries into a directory
  bool any_user_may_remove = false;  // entries of a directory
};

// Opened with READ_CONTROL. A file system without access control (FAT) says nothing against
// anybody.
Status ReadAccess(const FileHandle& file, Access* access);

// For this user, the system and the administrators, and what is made inside as well.
class PrivateAccess {
 public:
  PrivateAccess();
  ~PrivateAccess();
  PrivateAccess(const PrivateAccess&) = delete;
  PrivateAccess& operator=(const PrivateAccess&) = delete;

  SECURITY_ATTRIBUTES* attributes() { return &attributes_; }
  // Opened with WRITE_DAC.
  Status ApplyTo(const FileHandle& directory) const;

 private:
  SECURITY_ATTRIBUTES attributes_ = {};
};

}  // namespace gateway_lock
