# rondo_link_statically(TARGET): the executable or shared library carries gRPC, protobuf and what they need in itself, and
# the C++ library; only the C library stays shared. Programs start several times as fast as with some eighty shared
# libraries, need less memory, and run where those are not installed. RONDO_CAN_LINK_STATICALLY says whether the archives
# for it are there.
#
# Rondo's libraries name what they need by rondo_link_item(): which of the two a program gets is decided where it is
# linked, by its property RONDO_STATIC.
find_package(PkgConfig QUIET)
set(RONDO_CAN_LINK_STATICALLY OFF)
set(rondo_archives)
if(PKG_CONFIG_FOUND AND CMAKE_SYSTEM_NAME STREQUAL "Linux")
  pkg_check_modules(rondo_archives_of_grpc QUIET grpc++)
  set(rondo_archive_names protobuf sqlite3 http_parser crypto z ${rondo_archives_of_grpc_STATIC_LIBRARIES})
  list(REMOVE_DUPLICATES rondo_archive_names)
  # Parts of the C library, and of the compiler.
  list(REMOVE_ITEM rondo_archive_names atomic dl m pthread rt)
  foreach(name IN LISTS rondo_archive_names)
    find_library(rondo_archive_${name} lib${name}.a)
    mark_as_advanced(rondo_archive_${name})
    if(rondo_archive_${name})
      list(APPEND rondo_archives ${rondo_archive_${name}})
    elseif(NOT name MATCHES "^(sqlite3|http_parser)$")  # only parts of the library need these
      set(rondo_archives)
      break()
    endif()
  endforeach()
  unset(rondo_archive_names)
  if(rondo_archives_of_grpc_FOUND AND rondo_archives)
    set(RONDO_CAN_LINK_STATICALLY ON)
    # One item: the archives need each other in circles.
    list(JOIN rondo_archives "," rondo_archives)
    set(rondo_archives "-Wl,--start-group,${rondo_archives},--end-group")
  endif()
endif()

# What to link for the shared library ITEM.
function(rondo_link_item out item)
  set(is_missing OFF)
  if(item STREQUAL "SQLite::SQLite3" AND NOT rondo_archive_sqlite3)
    set(is_missing ON)
  elseif(item MATCHES "http_parser" AND NOT rondo_archive_http_parser)
    set(is_missing ON)
  endif()
  if(RONDO_CAN_LINK_STATICALLY AND NOT is_missing)
    string(REPLACE "," "$<COMMA>" archives "${rondo_archives}")
    set(item "$<IF:$<BOOL:$<TARGET_PROPERTY:RONDO_STATIC>>,${archives},${item}>")
  endif()
  set(${out} "${item}" PARENT_SCOPE)
endfunction()

function(rondo_link_statically target)
  if(NOT RONDO_CAN_LINK_STATICALLY)
    message(FATAL_ERROR "${target} cannot be linked statically: the archives of gRPC, protobuf or what they need are missing")
  endif()
  set_target_properties(${target} PROPERTIES RONDO_STATIC ON)
  target_link_options(${target} PRIVATE -static-libstdc++ -static-libgcc)
  target_link_libraries(${target} PRIVATE ${CMAKE_DL_LIBS} m)
endfunction()
