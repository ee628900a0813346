# Build settings for the published binaries, which tools/prebuild/main.mjs builds with zig. They
# include the C++ library, omit functions that are never called, and are byte-identical regardless
# of the build folder.
add_compile_options(-ffunction-sections -fdata-sections -fvisibility-global-new-delete=force-hidden
  -ffile-prefix-map=${CMAKE_SOURCE_DIR}=.)
if(WIN32)
  # Windows on x64 and arm64 requires unwind data for every function that calls another (MS Learn,
  # "x64 exception handling"). Without it, crash reports, profilers and exceptions in the host
  # program cannot walk the stack past the addon.
  add_compile_options(-fasynchronous-unwind-tables)
else()
  add_compile_options(-fno-asynchronous-unwind-tables -fno-unwind-tables)
endif()
# Bypasses zig, which replaces -Oz with -Os. A binary built with -Os is 15 % larger.
add_compile_options("SHELL:-Xclang -Oz")
if(WIN32)
  # Zig's linker for Windows keeps unused functions; link-time optimization removes them.
  add_compile_options(-flto)
endif()
# No dependency files. The build always starts in an empty folder and does not need them, and zig
# does not use its cache when it has to write them.
set(CMAKE_DEPFILE_FLAGS_CXX "")

# The few parts of libc++ that the addon uses, compiled without exceptions like the addon itself.
# The libc++ archive that zig would link is compiled with exceptions, and would add 40 KiB of code
# for throwing, unwinding and printing them that never runs.
add_library(gateway_lock_libcxx OBJECT native/prebuild/small_runtime.cc)
set(parts libcxx/src/hash libcxx/src/mutex_destructor libcxx/src/string libcxx/src/verbose_abort)
if(WIN32)
  # The first line adds mutexes, std::shared_ptr and static variables for Windows. The second adds
  # what the linker needs for the other functions in those files.
  list(APPEND parts libcxx/src/support/win32/thread_win32 libcxx/src/memory libcxxabi/src/cxa_guard)
  list(APPEND parts libcxx/src/chrono libcxxabi/src/stdlib_exception libcxxabi/src/abort_message)
endif()
foreach(part ${parts})
  target_sources(gateway_lock_libcxx PRIVATE ${GATEWAY_LOCK_ZIG_LIB}/${part}.cpp)
endforeach()
target_include_directories(gateway_lock_libcxx PRIVATE ${GATEWAY_LOCK_ZIG_LIB}/libcxx/src)
target_compile_definitions(gateway_lock_libcxx PRIVATE _LIBCPP_BUILDING_LIBRARY)
# Third-party code: no warnings.
target_compile_options(gateway_lock_libcxx PRIVATE -w)
set_target_properties(gateway_lock_libcxx PROPERTIES CXX_STANDARD 23)

target_link_options(gateway_lock_libcxx INTERFACE -nostdlib++)
if(APPLE)
  # Omits -headerpad_max_install_names, which reserves space for a longer install name. A segment's
  # size is a multiple of 16 KiB, and the segment that would contain this space is nearly full.
  set(CMAKE_SHARED_LIBRARY_CREATE_CXX_FLAGS -dynamiclib)
  # Without -x, zig's Mach-O linker keeps the names of local symbols (45 KB), even with -s.
  target_link_options(gateway_lock_libcxx INTERFACE -Wl,-x -install_name gateway-lock.node)
elseif(NOT WIN32)
  target_link_options(gateway_lock_libcxx INTERFACE -Wl,--gc-sections -Wl,--hash-style=gnu)
endif()
