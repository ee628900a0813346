// Looks up the N-API functions that the addon imports, in the program that loaded the addon,
// whatever its file name.
//
// Windows binds each import to a file name. If the addon used node.exe's import library, it would
// fail to load in Electron or in a renamed node.exe with "The specified module could not be found".
// MSVC can avoid this with a delay-load hook, but MinGW and zig have none. So this file replaces
// the import table: a compiler calls a dllimport function NAME through the pointer __imp_NAME, and
// this file defines and fills these pointers. The addon then needs no node.lib, and the code is the
// same for every compiler.
#include <windows.h>

// The N-API functions called by native/binding and node-addon-api. If a name is missing, linking
// the addon fails with an unresolved __imp_NAME.
#define NAPI_FUNCTIONS(X)              \
  X(napi_add_env_cleanup_hook)         \
  X(napi_async_destroy)                \
  X(napi_call_function)                \
  X(napi_call_threadsafe_function)     \
  X(napi_close_callback_scope)         \
  X(napi_close_escapable_handle_scope) \
  X(napi_close_handle_scope)           \
  X(napi_create_array)                 \
  X(napi_create_array_with_length)     \
  X(napi_create_double)                \
  X(napi_create_error)                 \
  X(napi_create_function)              \
  X(napi_create_object)                \
  X(napi_create_reference)             \
  X(napi_create_string_utf8)           \
  X(napi_create_threadsafe_function)   \
  X(napi_create_type_error)            \
  X(napi_define_properties)            \
  X(napi_delete_reference)             \
  X(napi_escape_handle)                \
  X(napi_fatal_error)                  \
  X(napi_get_and_clear_last_exception) \
  X(napi_get_array_length)             \
  X(napi_get_boolean)                  \
  X(napi_get_cb_info)                  \
  X(napi_get_element)                  \
  X(napi_get_instance_data)            \
  X(napi_get_last_error_info)          \
  X(napi_get_null)                     \
  X(napi_get_property)                 \
  X(napi_get_reference_value)          \
  X(napi_get_undefined)                \
  X(napi_get_value_bool)               \
  X(napi_get_value_double)             \
  X(napi_get_value_int64)              \
  X(napi_get_value_string_utf8)        \
  X(napi_has_property)                 \
  X(napi_is_array)                     \
  X(napi_is_exception_pending)         \
  X(napi_open_escapable_handle_scope)  \
  X(napi_open_handle_scope)            \
  X(napi_release_threadsafe_function)  \
  X(napi_set_element)                  \
  X(napi_set_instance_data)            \
  X(napi_set_named_property)           \
  X(napi_throw)                        \
  X(napi_typeof)                       \
  X(napi_unref_threadsafe_function)

// On 32-bit x86 a compiler puts an underscore before each C name, so the pointer is __imp__NAME.
#if defined(_M_IX86) || defined(__i386__)
#define IMPORT_OF(name) _imp__##name
#else
#define IMPORT_OF(name) __imp_##name
#endif

extern "C" {
#define DEFINE(name) FARPROC IMPORT_OF(name) = nullptr;
NAPI_FUNCTIONS(DEFINE)
#undef DEFINE
}

namespace {

struct Import {
  const char* name;
  FARPROC* pointer;
};

#define ENTRY(name) {#name, &IMPORT_OF(name)},
constexpr Import kImports[] = {NAPI_FUNCTIONS(ENTRY)};
#undef ENTRY

// The modules that may export N-API: Node built as a library, NW.js, and the program itself
// (nullptr).
constexpr const wchar_t* kHosts[] = {L"libnode.dll", L"node.dll", L"nw.dll", nullptr};

HMODULE FindHost() {
  for (const wchar_t* name : kHosts) {
    HMODULE host = GetModuleHandleW(name);
    if (host != nullptr && GetProcAddress(host, kImports[0].name) != nullptr) return host;
  }
  return nullptr;
}

bool FillImports() {
  HMODULE host = FindHost();
  if (host == nullptr) return false;
  for (const Import& import : kImports) {
    *import.pointer = GetProcAddress(host, import.name);
    if (*import.pointer == nullptr) return false;
  }
  return true;
}

}  // namespace

// Fills the import table on load. Returns FALSE if an N-API function is missing, so that
// LoadLibrary() and require() fail rather than a later call.
extern "C" BOOL WINAPI DllMain(HINSTANCE /*module*/, DWORD reason, LPVOID /*reserved*/) {
  return reason != DLL_PROCESS_ATTACH || FillImports() ? TRUE : FALSE;
}
