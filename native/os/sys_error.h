// The number, the portable name and the text of an error of the operating system, as Node has them
// (-13, "EACCES", "permission denied"). Total: a code that the table does not know gives "UNKNOWN".
#pragma once

namespace gateway_lock {

int ErrorNumber(int sys_code);
const char* ErrorName(int sys_code);
const char* ErrorText(int sys_code);

}  // namespace gateway_lock
