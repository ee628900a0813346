// Reads and sets the owner and the access control list (ACL) of a file or directory. Included by
// _win32.cc files only.
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

// Reads the owner and the ACL. `file` must be open with READ_CONTROL. A file system without ACLs
// (FAT) grants nothing to other users.
Status ReadAccess(const FileHandle& file, Access* access);

// Access for this user, the system and the administrators only, inherited by new entries.
class PrivateAccess {
 public:
  PrivateAccess();
  ~PrivateAccess();
  PrivateAccess(const PrivateAccess&) = delete;
  PrivateAccess& operator=(const PrivateAccess&) = delete;

  SECURITY_ATTRIBUTES* attributes() { return &attributes_; }
  // Sets the ACL. `directory` must be open with WRITE_DAC.
  Status ApplyTo(const FileHandle& directory) const;

 private:
  SECURITY_ATTRIBUTES attributes_ = {};
};

}  // namespace gateway_lock
