# Build settings for the published binaries, which tools/prebuild/main.mjs builds with zig. These
# binaries contain the C++ library and omit functions that are never called. The binaries are
# byte-identical, regardless of the folder in which they are built.
add_compile_options(-ffunction-sections -fdata-sections -fvisibility-global-new-delete=force-hidden
  -ffile-prefix-map=${CMAKE_SOURCE_DIR}=.)
if(WIN32)
  # Windows on x64 and arm64 requires unwind data for each function that calls another function (MS
  # Learn, "x64 exception handling"). Without unwind data, crash reports, profilers and exceptions
  # of the host program cannot walk the stack past the addon.
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
# Does not write dependency files. A build does not need these files, because it starts from an
# empty folder, and zig does not use its cache when it has to write dependency files.
set(CMAKE_DEPFILE_FLAGS_CXX "")

# The few parts of libc++ that the addon uses, compiled without exceptions like the addon itself.
# The libc++ archive that zig would link is compiled with exceptions. It would add 40 KiB of code
# for throwing, unwinding and printing exceptions, and this code would never run.
add_library(gateway_lock_libcxx OBJECT native/prebuild/small_runtime.cc)
set(parts libcxx/src/hash libcxx/src/mutex_destructor libcxx/src/string libcxx/src/verbose_abort)
if(WIN32)
  # The first line adds mutexes, std::shared_ptr and static variables for Windows. The second line
  # adds what the linker needs for the remaining functions in the files of the first line.
  list(APPEND parts libcxx/src/support/win32/thread_win32 libcxx/src/memory libcxxabi/src/cxa_guard)
  list(APPEND parts libcxx/src/chrono libcxxabi/src/stdlib_exception libcxxabi/src/abort_message)
endif()
foreach(part ${parts})
  target_sources(gateway_lock_libcxx PRIVATE ${GATEWAY_LOCK_ZIG_LIB}/${part}.cpp)
endforeach()
target_include_directories(gateway_lock_libcxx PRIVATE ${GATEWAY_LOCK_ZIG_LIB}/libcxx/src)
target_compile_definitions(gateway_lock_libcxx PRIVATE _LIBCPP_BUILDING_LIBRARY)
# Third-party code: do not report its warnings.
target_compile_options(gateway_lock_libcxx PRIVATE -w)
set_target_properties(gateway_lock_libcxx PROPERTIES CXX_STANDARD 23)

target_link_options(gateway_lock_libcxx INTERFACE -nostdlib++)
if(APPLE)
  # Omits -headerpad_max_install_names, which reserves space for a longer install name. The size of
  # a segment is a multiple of 16 KiB, and the segment that would contain this space is nearly full.
  set(CMAKE_SHARED_LIBRARY_CREATE_CXX_FLAGS -dynamiclib)
  # Without -x, zig's Mach-O linker keeps the names of local symbols, even with -s. These names take
  # up 45 KB.
  target_link_options(gateway_lock_libcxx INTERFACE -Wl,-x -install_name gateway-lock.node)
elseif(NOT WIN32)
  target_link_options(gateway_lock_libcxx INTERFACE -Wl,--gc-sections -Wl,--hash-style=gnu)
endif()
