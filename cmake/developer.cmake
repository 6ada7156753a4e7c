# What only Rondo's own developers need: never read when another project includes this one.
include(CTest)

option(RONDO_WERROR "Treat warnings in Rondo's own code as errors" OFF)
option(RONDO_SANITIZE "Build Rondo's own code with the address and undefined behaviour sanitizers" OFF)
option(RONDO_PRECOMPILE "Precompile the heavy headers of the tests" ON)
option(RONDO_BUILD_BENCHMARKS "Build bench/" OFF)

if(NOT CMAKE_BUILD_TYPE AND NOT CMAKE_CONFIGURATION_TYPES)
  set(CMAKE_BUILD_TYPE Debug CACHE STRING "Build type" FORCE)
endif()

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)

find_program(RONDO_CCACHE ccache DOC "Compiler cache, used when it is there")
if(RONDO_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  # One cache for all build folders, wherever the project lies; also for builds that no script begins.
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env CCACHE_BASEDIR=${PROJECT_SOURCE_DIR} CCACHE_NOHASHDIR=1
    CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime ${RONDO_CCACHE})
endif()

# Sets the flags of every target that is created afterwards in the calling folder and below.
macro(rondo_use_developer_flags)
  add_compile_options(-Wall -Wextra -Wpedantic -Wshadow -Wconversion)
  if(RONDO_WERROR)
    add_compile_options(-Werror)
  endif()
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    # gcc 12 warns falsely about string concatenation and coroutine frames at -O2.
    add_compile_options(-Wno-error=maybe-uninitialized -Wno-error=restrict)
    # A tenth of its time goes into collecting garbage of heaps that are small for what these sources need.
    add_compile_options(--param=ggc-min-heapsize=1048576)
  else()
    # Precompiled headers are shared through the compiler cache only without their time stamps.
    add_compile_options("SHELL:-Xclang -fno-pch-timestamp")
  endif()
  if(RONDO_SANITIZE)
    add_compile_options(-fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer)
    add_link_options(-fsanitize=address,undefined)
  endif()
endmacro()
