# rondo_link_statically(TARGET): the executable or shared library carries gRPC, protobuf and what they need in itself, and
# the C++ library; only the C library stays shared. Programs start several times as fast as with some eighty shared
# libraries, need less memory, and run where those are not installed. RONDO_CAN_LINK_STATICALLY says whether the archives
# for it are there.
#
# rondo_use_http2_transport(TARGET...): these call the server over libnghttp2, OpenSSL and zlib instead of gRPC, and neither
# include nor link gRPC: a twentieth of its size, and one thread. All targets of a program must agree about it. The
# development server speaks gRPC, so it cannot be in such a program. RONDO_HAS_HTTP2_TRANSPORT says whether the libraries
# for it are there, RONDO_CAN_LINK_HTTP2_STATICALLY whether their archives are.
#
# rondo_use_lite_messages(TARGET...): these take the messages without their descriptions, which are most of the code of the
# messages. rondo/protobuf.hpp and workflow_history::to_json() are not there then. All targets of a program must agree.
#
# Rondo's libraries name what they need by rondo_link_item() and rondo_link_network(): which libraries a program gets is
# decided where it is linked, by its properties RONDO_STATIC,
# RONDO_HTTP2_TRANSPORT and RONDO_LITE_MESSAGES.
find_package(PkgConfig QUIET)
find_package(OpenSSL QUIET)
find_package(ZLIB QUIET)
find_path(RONDO_NGHTTP2_INCLUDE_DIR nghttp2/nghttp2.h)
find_library(RONDO_NGHTTP2_LIBRARY nghttp2)
mark_as_advanced(RONDO_NGHTTP2_INCLUDE_DIR RONDO_NGHTTP2_LIBRARY)
set(RONDO_HAS_HTTP2_TRANSPORT OFF)
if(OPENSSL_FOUND AND ZLIB_FOUND AND RONDO_NGHTTP2_INCLUDE_DIR AND RONDO_NGHTTP2_LIBRARY)
  set(RONDO_HAS_HTTP2_TRANSPORT ON)
endif()

# Sets OUT to one item that links the archives NAME..., which may need each other in circles; to nothing when one of them
# is missing, unless its name matches OPTIONAL.
function(rondo_find_archives out optional)
  set(found)
  foreach(name IN LISTS ARGN)
    find_library(rondo_archive_${name} lib${name}.a)
    mark_as_advanced(rondo_archive_${name})
    if(rondo_archive_${name})
      list(APPEND found ${rondo_archive_${name}})
    elseif(NOT name MATCHES "^(${optional})$")
      set(${out} "" PARENT_SCOPE)
      return()
    endif()
  endforeach()
  list(JOIN found "," found)
  set(${out} "-Wl,--start-group,${found},--end-group" PARENT_SCOPE)
endfunction()

# Puts a copy of ARCHIVE without unwind tables in its place in the variable LIST, where objcopy can make one.
function(rondo_remove_unwind_tables list archive)
  cmake_path(GET archive FILENAME name)
  set(copy ${CMAKE_BINARY_DIR}/rondo-archives/${name})
  if(${archive} IS_NEWER_THAN ${copy})
    file(MAKE_DIRECTORY ${CMAKE_BINARY_DIR}/rondo-archives)
    # Under another name until it is whole: what is there counts as good the next time.
    execute_process(COMMAND ${CMAKE_OBJCOPY} --remove-section=.eh_frame ${archive} ${copy}.part RESULT_VARIABLE failed)
    if(failed)
      file(REMOVE ${copy}.part)
      return()
    endif()
    file(RENAME ${copy}.part ${copy})
  endif()
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${archive})
  string(REPLACE ${archive} ${copy} ${list} "${${list}}")
  set(${list} "${${list}}" PARENT_SCOPE)
endfunction()

set(RONDO_CAN_LINK_STATICALLY OFF)
set(RONDO_CAN_LINK_HTTP2_STATICALLY OFF)
set(rondo_archives)
set(rondo_http2_archives)
if(CMAKE_SYSTEM_NAME STREQUAL "Linux")
  if(PKG_CONFIG_FOUND)
    pkg_check_modules(rondo_archives_of_grpc QUIET grpc++)
  endif()
  if(rondo_archives_of_grpc_FOUND)
    set(rondo_archive_names protobuf sqlite3 http_parser crypto z ${rondo_archives_of_grpc_STATIC_LIBRARIES})
    list(REMOVE_DUPLICATES rondo_archive_names)
    # Parts of the C library, and of the compiler.
    list(REMOVE_ITEM rondo_archive_names atomic dl m pthread rt)
    # Only parts of the library need these.
    rondo_find_archives(rondo_archives "sqlite3|http_parser" ${rondo_archive_names})
    unset(rondo_archive_names)
    if(rondo_archives)
      set(RONDO_CAN_LINK_STATICALLY ON)
    endif()
  endif()
  if(RONDO_HAS_HTTP2_TRANSPORT)
    rondo_find_archives(rondo_http2_archives http_parser protobuf protobuf-lite nghttp2 http_parser ssl crypto z)
    if(rondo_http2_archives)
      set(RONDO_CAN_LINK_HTTP2_STATICALLY ON)
      # No exception passes through OpenSSL, and its tables are 6 % of the zip file of a function.
      # Callbacks that a program gives to OpenSSL must not throw: such an exception ends the program.
      rondo_remove_unwind_tables(rondo_http2_archives ${rondo_archive_ssl})
      rondo_remove_unwind_tables(rondo_http2_archives ${rondo_archive_crypto})
    endif()
  endif()
endif()

# Properties of the program, and the macros that the headers ask; those come with rondo::rondo.
set(rondo_is_http2 "$<BOOL:$<TARGET_PROPERTY:RONDO_HTTP2_TRANSPORT>>")
set(rondo_is_lite "$<BOOL:$<TARGET_PROPERTY:RONDO_LITE_MESSAGES>>")
set(rondo_program_definitions "$<${rondo_is_http2}:RONDO_HTTP2_TRANSPORT>;$<${rondo_is_lite}:RONDO_LITE_MESSAGES>")

# Projects that include this one by add_subdirectory() see them too.
foreach(name RONDO_HAS_HTTP2_TRANSPORT RONDO_CAN_LINK_STATICALLY RONDO_CAN_LINK_HTTP2_STATICALLY)
  set(${name} ${${name}} CACHE INTERNAL "")
endforeach()

# What to link for the shared library ITEM.
function(rondo_link_item out item)
  set(archives "${rondo_archives}")
  if(item STREQUAL "SQLite::SQLite3" AND NOT rondo_archive_sqlite3)
    set(archives)
  elseif(item MATCHES "http_parser" AND NOT rondo_archive_http_parser)
    set(archives)
  endif()
  if(archives)
    string(REPLACE "," "$<COMMA>" archives "${archives}")
  else()
    set(archives "${item}")
  endif()
  if(rondo_http2_archives)
    string(REPLACE "," "$<COMMA>" http2_archives "${rondo_http2_archives}")
    # The lite part is in both.
    string(REPLACE "${rondo_archive_protobuf}$<COMMA>${rondo_archive_protobuf-lite}"
           "$<IF:${rondo_is_lite},${rondo_archive_protobuf-lite},${rondo_archive_protobuf}>" http2_archives
           "${http2_archives}")
    set(archives "$<IF:${rondo_is_http2},${http2_archives},${archives}>")
  endif()
  set(${out} "$<IF:$<BOOL:$<TARGET_PROPERTY:RONDO_STATIC>>,${archives},${item}>" PARENT_SCOPE)
endfunction()

# What to link for the transport.
function(rondo_link_network out)
  rondo_link_item(grpc gRPC::grpc++)
  if(RONDO_HAS_HTTP2_TRANSPORT)
    rondo_link_item(nghttp2 ${RONDO_NGHTTP2_LIBRARY})
    rondo_link_item(ssl OpenSSL::SSL)
    rondo_link_item(zlib ZLIB::ZLIB)
    set(${out} "$<IF:${rondo_is_http2},${nghttp2},${grpc}>" "$<${rondo_is_http2}:${ssl}>" "$<${rondo_is_http2}:${zlib}>"
      PARENT_SCOPE)
  else()
    set(${out} "${grpc}" PARENT_SCOPE)
  endif()
endfunction()

function(rondo_use_http2_transport)
  if(NOT RONDO_HAS_HTTP2_TRANSPORT)
    message(FATAL_ERROR "${ARGN} cannot use the HTTP/2 transport: libnghttp2, OpenSSL or zlib is missing (libnghttp2-dev, libssl-dev, zlib1g-dev)")
  endif()
  set_target_properties(${ARGN} PROPERTIES RONDO_HTTP2_TRANSPORT ON)
endfunction()

function(rondo_use_lite_messages)
  if(NOT TARGET rondo::rondo-api-lite)
    message(FATAL_ERROR "${ARGN} cannot use the lite messages: this Rondo was installed without rondo-api-lite")
  endif()
  set_target_properties(${ARGN} PROPERTIES RONDO_LITE_MESSAGES ON)
endfunction()

function(rondo_link_statically target)
  get_target_property(is_http2 ${target} RONDO_HTTP2_TRANSPORT)
  if(is_http2 AND NOT RONDO_CAN_LINK_HTTP2_STATICALLY)
    message(FATAL_ERROR "${target} cannot be linked statically: the archives of protobuf, nghttp2, OpenSSL or zlib are missing")
  elseif(NOT is_http2 AND NOT RONDO_CAN_LINK_STATICALLY)
    message(FATAL_ERROR "${target} cannot be linked statically: the archives of gRPC, protobuf or what they need are missing")
  endif()
  set_target_properties(${target} PROPERTIES RONDO_STATIC ON)
  target_link_options(${target} PRIVATE -static-libstdc++ -static-libgcc)
  target_link_libraries(${target} PRIVATE ${CMAKE_DL_LIBS} m)
endfunction()
