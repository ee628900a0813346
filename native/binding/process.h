// Exports the functions that change processes: exec(), which replaces the program of this process,
// killChildrenOnExit(), sendSignal() and reapOrphans().
#pragma once

#include <napi.h>

namespace gateway_lock {

void ExportProcess(Napi::Env env, Napi::Object exports);

}  // namespace gateway_lock
