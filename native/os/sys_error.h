// The portable name and text of an error number of the operating system, as Node spells them
// ("EACCES", "permission denied"). Total: a number that the table does not know gives "UNKNOWN".
#pragma once

namespace gateway_lock {

const char* ErrorName(int sys_code);
const char* ErrorText(int sys_code);

}  // namespace gateway_lock
