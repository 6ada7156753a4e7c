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
  pkg_check_modules(rondo_grpc QUIET grpc++)
  set(names protobuf sqlite3 crypto z ${rondo_grpc_STATIC_LIBRARIES})
  list(REMOVE_DUPLICATES names)
  # Parts of the C library, and of the compiler.
  list(REMOVE_ITEM names atomic dl m pthread rt)
  foreach(name IN LISTS names)
    find_library(rondo_archive_${name} lib${name}.a)
    mark_as_advanced(rondo_archive_${name})
    if(rondo_archive_${name})
      list(APPEND rondo_archives ${rondo_archive_${name}})
    elseif(NOT name MATCHES "^sqlite3$")
      set(rondo_archives)
      break()
    endif()
  endforeach()
  if(rondo_grpc_FOUND AND rondo_archives)
    set(RONDO_CAN_LINK_STATICALLY ON)
    # One item: the archives need each other in circles.
    list(JOIN rondo_archives "," rondo_archives)
    set(rondo_archives "-Wl,--start-group,${rondo_archives},--end-group")
  endif()
endif()

# What to link for the shared library ITEM.
function(rondo_link_item out item)
  if(RONDO_CAN_LINK_STATICALLY)
    string(REPLACE "," "$<COMMA>" archives "${rondo_archives}")
    set(item "$<IF:$<BOOL:$<TARGET_PROPERTY:RONDO_STATIC>>,${archives},${item}>")
  endif()
  set(${out} "${item}" PARENT_SCOPE)
endfunction()

function(rondo_link_statically target)
  if(NOT RONDO_CAN_LINK_STATICALLY)
    message(FATAL_ERROR "${target} cannot be linked statically: the archives of gRPC or protobuf are missing")
  endif()
  set_target_properties(${target} PROPERTIES RONDO_STATIC ON)
  target_link_options(${target} PRIVATE -static-libstdc++ -static-libgcc)
  get_target_property(type ${target} TYPE)
  if(type STREQUAL "EXECUTABLE")
    # At a fixed address there is nothing to relocate: 57,000 places, a tenth of the time to start.
    target_link_options(${target} PRIVATE -no-pie)
  endif()
  target_link_libraries(${target} PRIVATE ${CMAKE_DL_LIBS} m)
endfunction()
