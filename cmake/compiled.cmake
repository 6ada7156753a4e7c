# rondo::compiled: the same headers as rondo::rondo, with the functions that are no templates compiled once (those of workers,
# their hosts, connections and calls), and not in every source that has them.
set(headers ${PROJECT_SOURCE_DIR}/include)
file(GLOB bodies CONFIGURE_DEPENDS RELATIVE ${headers} ${headers}/rondo/impl/*.hpp)
file(GLOB parts CONFIGURE_DEPENDS RELATIVE ${headers} ${headers}/rondo/workflow/impl/*.hpp
     ${headers}/rondo/detail/*/impl/*.hpp)
rondo_batch(compiled_sources compiled 1 ${bodies})
rondo_batch(compiled_parts compiled_parts 20 ${parts})
add_library(rondo-compiled STATIC ${compiled_sources} ${compiled_parts})
add_library(rondo::compiled ALIAS rondo-compiled)
set_target_properties(rondo-compiled PROPERTIES POSITION_INDEPENDENT_CODE ON)
target_compile_definitions(rondo-compiled PUBLIC RONDO_COMPILED)
target_link_libraries(rondo-compiled PUBLIC rondo)
# gcc takes the lambdas of functions that are not inline for those of another source, as they stand in a header.
target_compile_options(rondo-compiled PRIVATE $<$<CXX_COMPILER_ID:GNU>:-Wno-subobject-linkage>)
