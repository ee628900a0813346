// The number, the portable name and the text of a system error, the same as in Node (-13, "EACCES",
// "permission denied"). Total: a code that is not in the table gives "UNKNOWN".
#pragma once

namespace gateway_lock {

int ErrorNumber(int sys_code);
const char* ErrorName(int sys_code);
const char* ErrorText(int sys_code);

}  // namespace gateway_lock
