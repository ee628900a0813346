# How a published binary differs from one that is built where it is used (tools/prebuild/main.mjs, zig only): the C++ library
# is inside, nothing is that nobody calls, and the same sources give the same bytes from every folder.
add_compile_options(-ffunction-sections -fdata-sections -fvisibility-global-new-delete=force-hidden
  -ffile-prefix-map=${CMAKE_SOURCE_DIR}=.)
if(WIN32)
  # x64 and arm64 want unwind data for each function that calls another (MS Learn, "x64 exception handling"): without it a crash
  # report, a profiler and an exception of the host end at the addon.
  add_compile_options(-fasynchronous-unwind-tables)
else()
  add_compile_options(-fno-asynchronous-unwind-tables -fno-unwind-tables)
endif()
# Zig takes -Oz for -Os, which is 15 % larger.
add_compile_options("SHELL:-Xclang -Oz")
if(WIN32)
  # Zig does not ask its linker for Windows to drop what nobody calls; the compiler does, when it sees everything at once.
  add_compile_options(-flto)
endif()
# Each build starts from an empty folder, and zig does not look into its cache for what is to list its headers as well.
set(CMAKE_DEPFILE_FLAGS_CXX "")

# The few parts of libc++ that the addon uses, compiled as the addon is: without exceptions. The archive that zig would
# link is compiled with them, and brings what throws, unwinds and prints an exception: 40 KiB that never run.
add_library(gateway_lock_libcxx OBJECT native/prebuild/small_runtime.cc)
set(parts libcxx/src/hash libcxx/src/mutex_destructor libcxx/src/string libcxx/src/verbose_abort)
if(WIN32)
  # A mutex there, std::shared_ptr and static variables; and what the linker wants for the other functions in these files.
  list(APPEND parts libcxx/src/support/win32/thread_win32 libcxx/src/memory libcxxabi/src/cxa_guard)
  list(APPEND parts libcxx/src/chrono libcxxabi/src/stdlib_exception libcxxabi/src/abort_message)
endif()
foreach(part ${parts})
  target_sources(gateway_lock_libcxx PRIVATE ${GATEWAY_LOCK_ZIG_LIB}/${part}.cpp)
endforeach()
target_include_directories(gateway_lock_libcxx PRIVATE ${GATEWAY_LOCK_ZIG_LIB}/libcxx/src)
target_compile_definitions(gateway_lock_libcxx PRIVATE _LIBCPP_BUILDING_LIBRARY)
# Its warnings are LLVM's.
target_compile_options(gateway_lock_libcxx PRIVATE -w)
set_target_properties(gateway_lock_libcxx PROPERTIES CXX_STANDARD 23)

target_link_options(gateway_lock_libcxx INTERFACE -nostdlib++)
if(APPLE)
  # Without room for a longer name of itself (-headerpad_max_install_names): segments are whole 16 KiB, and this one is nearly full.
  set(CMAKE_SHARED_LIBRARY_CREATE_CXX_FLAGS -dynamiclib)
  # Zig's Mach-O linker keeps the names of local symbols otherwise, with -s too: 45 KB.
  target_link_options(gateway_lock_libcxx INTERFACE -Wl,-x -install_name gateway-lock.node)
elseif(NOT WIN32)
  target_link_options(gateway_lock_libcxx INTERFACE -Wl,--gc-sections -Wl,--hash-style=gnu)
endif()
