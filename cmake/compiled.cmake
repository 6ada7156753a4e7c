# rondo::compiled: the same headers as rondo::rondo, with the functions of workers, their hosts and connections compiled once
# and not in every program that has them.
file(GLOB bodies CONFIGURE_DEPENDS RELATIVE ${PROJECT_SOURCE_DIR}/include ${PROJECT_SOURCE_DIR}/include/rondo/impl/*.hpp)
rondo_batch(compiled_sources compiled 1 ${bodies})
add_library(rondo-compiled STATIC ${compiled_sources})
add_library(rondo::compiled ALIAS rondo-compiled)
set_target_properties(rondo-compiled PROPERTIES POSITION_INDEPENDENT_CODE ON)
target_compile_definitions(rondo-compiled PUBLIC RONDO_COMPILED)
target_link_libraries(rondo-compiled PUBLIC rondo)
# gcc takes the lambdas of functions that are not inline for those of another source, as they stand in a header.
target_compile_options(rondo-compiled PRIVATE $<$<CXX_COMPILER_ID:GNU>:-Wno-subobject-linkage>)
