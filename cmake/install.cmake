# An installed Rondo: headers, the generated protobuf headers, librondo-api, and what find_package and pkg-config read.
include(CMakePackageConfigHelpers)

set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/rondo)
install(TARGETS rondo rondo-api EXPORT rondo-targets FILE_SET HEADERS)
install(EXPORT rondo-targets NAMESPACE rondo:: DESTINATION ${package_dir})
install(DIRECTORY ${PROJECT_BINARY_DIR}/generated/ DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/rondo-api
        FILES_MATCHING PATTERN "*.pb.h")

configure_package_config_file(${CMAKE_CURRENT_LIST_DIR}/rondo-config.cmake.in
  ${PROJECT_BINARY_DIR}/package/rondo-config.cmake INSTALL_DESTINATION ${package_dir})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/package/rondo-config-version.cmake
  COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/package/rondo-config.cmake ${PROJECT_BINARY_DIR}/package/rondo-config-version.cmake
        DESTINATION ${package_dir})

# pkg-config knows no compilers, so the file carries the definition that the configured compiler needs.
set(rondo_pc_cflags -DASIO_STANDALONE)
if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  string(APPEND rondo_pc_cflags " -DASIO_HAS_CO_AWAIT=1")
endif()
configure_file(${CMAKE_CURRENT_LIST_DIR}/rondo.pc.in ${PROJECT_BINARY_DIR}/package/rondo.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/package/rondo.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
