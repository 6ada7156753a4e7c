# rondo::server: the development server as a library, compiled once, for programs that embed it and do not want to
# compile it with each of their sources. It is rondo/dev_server.hpp with its functions moved into the library.
find_package(SQLite3)
find_package(CURL)
find_package(OpenSSL)
find_package(ZLIB)
if(NOT SQLite3_FOUND OR NOT CURL_FOUND OR NOT OpenSSL_FOUND OR NOT ZLIB_FOUND)
  message(STATUS "rondo: no SQLite, libcurl, OpenSSL or zlib, so the development server is left out")
  return()
endif()

add_library(rondo-server-headers INTERFACE)
foreach(need SQLite::SQLite3 OpenSSL::Crypto ZLIB::ZLIB)
  rondo_link_item(item ${need})
  list(APPEND server_needs ${item})
endforeach()
# libcurl is loaded when it is needed.
target_include_directories(rondo-server-headers SYSTEM INTERFACE ${CURL_INCLUDE_DIRS})
target_link_libraries(rondo-server-headers INTERFACE rondo ${server_needs} ${CMAKE_DL_LIBS})

file(GLOB bodies CONFIGURE_DEPENDS RELATIVE ${PROJECT_SOURCE_DIR}/include
     ${PROJECT_SOURCE_DIR}/include/rondo/server/impl/*.hpp)
rondo_batch(server_sources server 12 ${bodies})

if(server_sources)
  add_library(rondo-server STATIC EXCLUDE_FROM_ALL ${server_sources})
  add_library(rondo::server ALIAS rondo-server)
  target_compile_definitions(rondo-server PUBLIC RONDO_SERVER_COMPILED)
  target_link_libraries(rondo-server PUBLIC rondo-server-headers)
  if(PROJECT_IS_TOP_LEVEL AND RONDO_PRECOMPILE)
    target_precompile_headers(rondo-server PRIVATE
      <grpcpp/grpcpp.h> <temporal/api/workflowservice/v1/request_response.pb.h> <rondo/server/state.pb.h> <asio.hpp>)
  endif()
endif()
