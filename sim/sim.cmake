# charon_sim: a whole cluster in one thread on virtual time (sim/README.md). One short seed runs with the tests.
file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/sim/*.cc)
add_executable(charon_sim ${sources})
target_include_directories(charon_sim PRIVATE ${CMAKE_SOURCE_DIR})
target_link_libraries(charon_sim charon_controllers charon_scheduler charon_server charon_store charon_rt_virtual CLI11::CLI11)
if(CHARON_TESTS)
  add_test(NAME charon_sim COMMAND charon_sim --seed 1 --minutes 3 --nodes 4 --twice)
  set_tests_properties(charon_sim PROPERTIES TIMEOUT 120)
endif()
