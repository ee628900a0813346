// Reads and sets the owner and the access control list (ACL) of a file or directory. Included by
// _win32.cc files only.
#pragma once

#include <windows.h>

#include "status.h"
#include "unique_handle.h"

namespace gateway_lock {

struct Access {
  bool ours = true;                  // owned by this user or by an administrator
  bool any_user_may_write = false;   // to the file, or new entries to the directory
  bool any_user_may_remove = false;  // entries from the directory
};

// Reads the owner and the ACL. `file` must be open with READ_CONTROL. On a file system without ACLs
// (FAT) other users are granted nothing.
Status ReadAccess(const FileHandle& file, Access* access);

// An ACL that grants access only to this user, the system and the administrators. New entries of
// the directory inherit it.
class PrivateAccess {
 public:
  PrivateAccess();
  ~PrivateAccess();
  PrivateAccess(const PrivateAccess&) = delete;
  PrivateAccess& operator=(const PrivateAccess&) = delete;

  SECURITY_ATTRIBUTES* attributes() { return &attributes_; }
  // Sets the ACL of the directory, which must be open with WRITE_DAC.
  Status ApplyTo(const FileHandle& directory) const;

 private:
  SECURITY_ATTRIBUTES attributes_ = {};
};

}  // namespace gateway_lock
