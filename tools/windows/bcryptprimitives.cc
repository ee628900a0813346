// bcryptprimitives.dll for Wine 8, which lacks this library. Without the library, the bundler
// inside vitest fails ("Cannot find native binding"). The library is used only under Wine.
#include <windows.h>

// advapi32 exports RtlGenRandom() only under this name.
extern "C" BOOLEAN NTAPI SystemFunction036(PVOID bytes, ULONG size);

extern "C" __declspec(dllexport) BOOL WINAPI ProcessPrng(PBYTE bytes, SIZE_T size) {
  return SystemFunction036(bytes, static_cast<ULONG>(size));
}
