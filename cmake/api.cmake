function(charon_api)
  add_library(charon_api INTERFACE)
  target_link_libraries(charon_api INTERFACE charon_schema)
endfunction()
