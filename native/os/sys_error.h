// Converts a system error code to the number, the portable name and the text that Node uses (-13,
// "EACCES", "permission denied"). An unknown code becomes "UNKNOWN".
#pragma once

namespace gateway_lock {

int ErrorNumber(int sys_code);
const char* ErrorName(int sys_code);
const char* ErrorText(int sys_code);

}  // namespace gateway_lock
