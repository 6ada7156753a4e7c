# An installed Rondo: headers, the generated protobuf headers, librondo-api, and what find_package and pkg-config read.
# The Meson build fills the same templates.
include(CMakePackageConfigHelpers)

set(libdir ${CMAKE_INSTALL_LIBDIR})
set(includedir ${CMAKE_INSTALL_INCLUDEDIR})
set(version ${PROJECT_VERSION})
set(package_dir ${libdir}/cmake/rondo)
file(RELATIVE_PATH prefix_from_package /${package_dir} /)
file(RELATIVE_PATH prefix_from_pkgconfig /${libdir}/pkgconfig /)
# pkg-config knows no compilers, so the file carries what the configured one needs.
set(definitions -DASIO_STANDALONE)
if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  string(APPEND definitions " -DASIO_HAS_CO_AWAIT=1")
endif()

set(package_files ${PROJECT_BINARY_DIR}/package)
configure_file(${CMAKE_CURRENT_LIST_DIR}/rondoConfig.cmake.in ${package_files}/rondoConfig.cmake @ONLY)
configure_file(${CMAKE_CURRENT_LIST_DIR}/rondo.pc.in ${package_files}/rondo.pc @ONLY)
configure_file(${CMAKE_CURRENT_LIST_DIR}/rondo-compiled.pc.in ${package_files}/rondo-compiled.pc @ONLY)
configure_file(${CMAKE_CURRENT_LIST_DIR}/rondo-server.pc.in ${package_files}/rondo-server.pc @ONLY)
configure_file(${CMAKE_CURRENT_LIST_DIR}/rondo-serverless.pc.in ${package_files}/rondo-serverless.pc @ONLY)
write_basic_package_version_file(${package_files}/rondoConfigVersion.cmake COMPATIBILITY SameMinorVersion)

install(TARGETS rondo rondo-api FILE_SET HEADERS)
if(RONDO_HAS_HTTP2_TRANSPORT)
  # Whoever builds rondo-api alone installs without it.
  install(TARGETS rondo-api-lite ARCHIVE OPTIONAL)
  install(DIRECTORY ${PROJECT_BINARY_DIR}/generated-lite/ DESTINATION ${includedir}/rondo-api-lite
          FILES_MATCHING PATTERN "*.pb.h")
endif()
install(DIRECTORY ${PROJECT_BINARY_DIR}/generated/ DESTINATION ${includedir}/rondo-api FILES_MATCHING PATTERN "*.pb.h")
install(FILES ${package_files}/rondoConfig.cmake ${package_files}/rondoConfigVersion.cmake
              ${CMAKE_CURRENT_LIST_DIR}/static_link.cmake ${CMAKE_CURRENT_LIST_DIR}/lambda.cmake
        DESTINATION ${package_dir})
install(DIRECTORY ${CMAKE_CURRENT_LIST_DIR}/lambda DESTINATION ${package_dir})
# The lint of workflow code is for the projects of users too.
set(scripts ${PROJECT_SOURCE_DIR}/scripts)
install(PROGRAMS ${scripts}/lint_workflows.py DESTINATION ${CMAKE_INSTALL_DATADIR}/rondo)
install(FILES ${scripts}/query_lint.py ${scripts}/clean_results.py ${scripts}/workflows.query
        DESTINATION ${CMAKE_INSTALL_DATADIR}/rondo)
install(FILES ${package_files}/rondo.pc ${package_files}/rondo-compiled.pc ${package_files}/rondo-server.pc
              ${package_files}/rondo-serverless.pc
        DESTINATION ${libdir}/pkgconfig)
