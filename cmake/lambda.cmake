# rondo_add_lambda(TARGET [OUTPUT FILE] [FILES FILE...] [WHOLE_PROTOBUF]): makes the executable TARGET fit for AWS Lambda's
# provided.al2023, and FILE (TARGET.zip next to the executable) with each build: the program as `bootstrap`, and the FILES,
# a temporal.toml for example. The program carries all but the C library in itself, uses the HTTP/2 transport and, without
# WHOLE_PROTOBUF, the lite messages; see static_link.cmake. The build fails when the program would not run there. Where
# advzip is installed, it packs what is no debug build.
function(rondo_add_lambda target)
  cmake_parse_arguments(PARSE_ARGV 1 lambda "WHOLE_PROTOBUF" "OUTPUT" "FILES")
  if(lambda_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "rondo_add_lambda(${target}): unknown arguments ${lambda_UNPARSED_ARGUMENTS}")
  endif()
  set(tools ${CMAKE_CURRENT_FUNCTION_LIST_DIR}/lambda)
  find_package(Python3 QUIET COMPONENTS Interpreter)
  if(NOT TARGET Python3::Interpreter)
    message(FATAL_ERROR "rondo_add_lambda(${target}) needs Python 3")
  endif()
  rondo_use_http2_transport(${target})
  if(NOT lambda_WHOLE_PROTOBUF)
    rondo_use_lite_messages(${target})
  endif()
  rondo_link_statically(${target})
  target_sources(${target} PRIVATE ${tools}/old_glibc.cpp)
  target_compile_options(${target} PRIVATE -Os -ffunction-sections -fdata-sections)
  # At a fixed address there is nothing to relocate.
  target_link_options(${target} PRIVATE -no-pie LINKER:--gc-sections)
  if(NOT lambda_OUTPUT)
    set(lambda_OUTPUT $<TARGET_FILE_DIR:${target}>/$<TARGET_FILE_BASE_NAME:${target}>.zip)
  endif()
  set(files)
  foreach(file IN LISTS lambda_FILES)
    cmake_path(ABSOLUTE_PATH file NORMALIZE)
    list(APPEND files ${file})
  endforeach()
  find_program(RONDO_ADVZIP advzip)
  set(smaller)
  if(RONDO_ADVZIP)
    set(smaller $<$<NOT:$<CONFIG:Debug>>:--advzip$<SEMICOLON>${RONDO_ADVZIP}>)
  endif()
  add_custom_command(TARGET ${target} POST_BUILD
    COMMAND Python3::Interpreter ${tools}/package.py $<TARGET_FILE:${target}> ${lambda_OUTPUT}
            --objdump ${CMAKE_OBJDUMP} --strip ${CMAKE_STRIP} "${smaller}" ${files}
    COMMENT "Packaging ${target} for AWS Lambda"
    COMMAND_EXPAND_LISTS VERBATIM)
endfunction()
