// Converts the code of a system error to the number, the portable name and the text that Node uses
// for the error (-13, "EACCES", "permission denied"). An unknown code is converted to "UNKNOWN".
#pragma once

namespace gateway_lock {

int ErrorNumber(int sys_code);
const char* ErrorName(int sys_code);
const char* ErrorText(int sys_code);

}  // namespace gateway_lock
