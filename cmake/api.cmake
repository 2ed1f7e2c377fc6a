# charon_api(): the API model. Builds tools/idl (a protoc plugin), writes structs and tables of every api/**/types.proto into
# ${CHARON_GENERATED}/api, and makes the library charon_api of them.
# charon_kinds(<target>): adds the generated list of kinds and the kinds' rule files api/<group>/<version>/<kind>.cc to a
# library, lets the tests and fuzzers of schema see it, and makes the test program api_test of the *_test.cc.
set(CHARON_GENERATED ${CMAKE_BINARY_DIR}/generated)
file(GLOB_RECURSE CHARON_PROTOS CONFIGURE_DEPENDS RELATIVE ${CMAKE_SOURCE_DIR} ${CMAKE_SOURCE_DIR}/api/*/types.proto)

function(charon_idl_plugin)
  find_program(PROTOC protoc REQUIRED)
  set(options ${CHARON_GENERATED}/api/options.pb)
  add_custom_command(
    OUTPUT ${options}.cc ${options}.h
    COMMAND ${CMAKE_COMMAND} -E make_directory ${CHARON_GENERATED}
    COMMAND ${PROTOC} -I${CMAKE_SOURCE_DIR} --cpp_out=${CHARON_GENERATED} api/options.proto
    DEPENDS ${CMAKE_SOURCE_DIR}/api/options.proto
    WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/tools/idl/*.cc)
  add_executable(protoc-gen-charon ${sources} ${options}.cc)
  target_include_directories(protoc-gen-charon SYSTEM PRIVATE ${CHARON_GENERATED})
  target_link_libraries(protoc-gen-charon PRIVATE protoc protobuf)
  set_source_files_properties(${options}.cc PROPERTIES COMPILE_OPTIONS "-w")
endfunction()

function(charon_api)
  cmake_parse_arguments(ARG "" "" "DEPENDS" ${ARGN})
  charon_idl_plugin()
  set(sources)
  foreach(proto ${CHARON_PROTOS})
    string(REGEX REPLACE "\\.proto$" "" stem ${CHARON_GENERATED}/${proto})
    # What a file's code says depends on the messages it uses directly.
    file(STRINGS ${CMAKE_SOURCE_DIR}/${proto} imports REGEX "^import ")
    list(TRANSFORM imports REPLACE "^import \"(.*)\";" "${CMAKE_SOURCE_DIR}/\\1")
    add_custom_command(
      OUTPUT ${stem}.h ${stem}.cc
      COMMAND ${PROTOC} -I${CMAKE_SOURCE_DIR} --plugin=$<TARGET_FILE:protoc-gen-charon> --charon_out=${CHARON_GENERATED} ${proto}
      DEPENDS protoc-gen-charon ${CMAKE_SOURCE_DIR}/${proto} ${imports}
      WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
    list(APPEND sources ${stem}.cc)
    list(APPEND headers ${stem}.h)
  endforeach()
  add_custom_target(charon_api_headers DEPENDS ${headers})
  add_library(charon_api STATIC ${sources} ${headers})
  target_include_directories(charon_api PUBLIC ${CHARON_GENERATED})
  target_link_libraries(charon_api PUBLIC)
  foreach(module ${ARG_DEPENDS})
    target_link_libraries(charon_api PUBLIC charon_${module})
  endforeach()
endfunction()

function(charon_kinds target)
  file(GLOB rules CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/api/*/*/*.cc)
  set(tests ${rules})
  set(benches ${rules})
  list(FILTER tests INCLUDE REGEX "_test\\.cc$")
  list(FILTER benches INCLUDE REGEX "_bench\\.cc$")
  list(FILTER rules EXCLUDE REGEX "_(test|bench|fuzz)\\.cc$")
  set(parameters kinds)
  foreach(rule ${rules})
    file(RELATIVE_PATH name ${CMAKE_SOURCE_DIR}/api ${rule})
    string(REGEX REPLACE "\\.cc$" "" name ${name})
    list(APPEND parameters rules=${name})
  endforeach()
  list(JOIN parameters "," parameters)
  set(list ${CHARON_GENERATED}/api/kinds.cc ${CHARON_GENERATED}/api/kind_rules.h)
  list(TRANSFORM CHARON_PROTOS PREPEND ${CMAKE_SOURCE_DIR}/ OUTPUT_VARIABLE protos)
  add_custom_command(
    OUTPUT ${list}
    COMMAND ${PROTOC} -I${CMAKE_SOURCE_DIR} --plugin=$<TARGET_FILE:protoc-gen-charon>
            --charon_out=${parameters}:${CHARON_GENERATED} ${CHARON_PROTOS}
    DEPENDS protoc-gen-charon ${protos}
    WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
  target_sources(${target} PRIVATE ${list} ${rules})
  target_include_directories(${target} PRIVATE ${CMAKE_SOURCE_DIR})
  # Converters and patches are tested on the real kinds.
  foreach(program schema_test patch_fuzz apply_fuzz)
    if(TARGET ${program})
      target_link_libraries(${program} ${target})
    endif()
  endforeach()
  if(CHARON_TESTS AND tests)
    add_executable(api_test ${tests})
    target_include_directories(api_test PRIVATE ${CMAKE_SOURCE_DIR})
    target_link_libraries(api_test ${target} GTest::gmock GTest::gtest GTest::gtest_main)
    gtest_discover_tests(api_test DISCOVERY_MODE PRE_TEST PROPERTIES TIMEOUT 120)
  endif()
  if(CHARON_TESTS AND benches)
    find_package(benchmark REQUIRED)
    add_executable(api_bench ${benches})
    target_include_directories(api_bench PRIVATE ${CMAKE_SOURCE_DIR})
    target_link_libraries(api_bench ${target} benchmark::benchmark benchmark::benchmark_main)
    # Smoke mode: each benchmark runs once, so that it cannot rot.
    add_test(NAME api_bench COMMAND api_bench --benchmark_min_time=0.001)
  endif()
endfunction()
