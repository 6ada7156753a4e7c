# Sources that are compiled a few at once: what they share, protobuf above all, costs more than what they say. CMake's own
# unity builds name their sources by absolute paths, so that a compiler cache knows none of another folder.

# rondo_batch(RESULT NAME SIZE PATH...): sources that include SIZE paths each. The paths are relative to an include folder.
function(rondo_batch result name size)
  set(sources)
  set(number 0)
  set(paths ${ARGN})
  while(paths)
    list(SUBLIST paths 0 ${size} batch)
    list(REMOVE_ITEM paths ${batch})
    list(TRANSFORM batch REPLACE "(.+)" "#include \"\\1\"  // IWYU pragma: keep\n" OUTPUT_VARIABLE content)
    string(JOIN "" content ${content})
    set(source ${CMAKE_CURRENT_BINARY_DIR}/batches/${name}_${number}.cpp)
    file(CONFIGURE OUTPUT ${source} CONTENT "${content}" @ONLY)
    list(APPEND sources ${source})
    math(EXPR number "${number} + 1")
  endwhile()
  set(${result} ${sources} PARENT_SCOPE)
endfunction()
