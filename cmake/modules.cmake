# A module is one folder, one namespace, one object library: all of its objects reach libonestep.
#
#   onestep_add_module(nn SOURCES resnet_block.cpp … USES base tensor backend [PACKAGES PNG::PNG])
#
# USES lists the modules whose headers it may include; tools/check_layers.py reads the same lines.
function(onestep_add_module name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES;USES;PACKAGES")
  add_library(onestep_${name} OBJECT ${arg_SOURCES})
  target_include_directories(onestep_${name} PUBLIC "${PROJECT_SOURCE_DIR}/src")
  target_link_libraries(onestep_${name} PRIVATE onestep_flags ${arg_PACKAGES})
  # The objects themselves: the installed library names no module as a target of its own. What it
  # is linked with, its users link too (onestepConfig.cmake.in); json has headers only.
  target_sources(onestep_library PRIVATE $<TARGET_OBJECTS:onestep_${name}>)
  list(REMOVE_ITEM arg_PACKAGES nlohmann_json::nlohmann_json)
  target_link_libraries(onestep_library PRIVATE ${arg_PACKAGES})
  set_property(TARGET onestep_${name} PROPERTY ONESTEP_USES "${arg_USES}")
endfunction()

# The same for code on libtorch, which reaches the program onestep-torch and not libonestep: a part of
# a module, or (with USES) a module.
#
#   onestep_add_torch_objects(backend_torch SOURCES …)
function(onestep_add_torch_objects name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES;PACKAGES")
  add_library(onestep_${name} OBJECT ${arg_SOURCES})
  target_include_directories(onestep_${name} PUBLIC "${PROJECT_SOURCE_DIR}/src")
  target_link_libraries(onestep_${name} PRIVATE onestep_flags ${arg_PACKAGES} PUBLIC onestep_torch)
  target_precompile_headers(onestep_${name} PRIVATE <ATen/ATen.h>)
endfunction()

function(onestep_add_torch_module name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES;USES;PACKAGES")
  onestep_add_torch_objects(${name} SOURCES ${arg_SOURCES} PACKAGES ${arg_PACKAGES})
  set_property(TARGET onestep_${name} PROPERTY ONESTEP_USES "${arg_USES}")
endfunction()

# One test program for a module: tests/<name>/*.cpp. MODULES names every module that is linked.
#
#   onestep_add_test(io SOURCES png_test.cpp … MODULES base tensor io [PACKAGES …] [IN_TWO_RUNS])
#
# IN_TWO_RUNS is for many small tests on libtorch, which takes longer to load than they take to run:
# ctest starts the program once for all on the CPU and once for those whose names end in "cuda".
function(onestep_add_test name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "IN_TWO_RUNS" "" "SOURCES;MODULES;PACKAGES")
  add_executable(test_${name} ${arg_SOURCES})
  list(TRANSFORM arg_MODULES PREPEND onestep_)
  target_include_directories(test_${name} PRIVATE "${PROJECT_SOURCE_DIR}/src"
                                                  "${PROJECT_SOURCE_DIR}/tests")
  target_link_libraries(test_${name} PRIVATE onestep_flags ${arg_MODULES} ${arg_PACKAGES}
                                             GTest::gtest GTest::gtest_main)
  target_compile_definitions(test_${name} PRIVATE
    ONESTEP_SOURCE_DIR="${PROJECT_SOURCE_DIR}" ONESTEP_BUILD_DIR="${PROJECT_BINARY_DIR}")
  if(arg_IN_TWO_RUNS)
    add_test(NAME ${name}.on_the_cpu COMMAND test_${name} --gtest_filter=-*_cuda)
    add_test(NAME ${name}.on_a_gpu COMMAND test_${name} --gtest_filter=*_cuda)
    set_tests_properties(${name}.on_the_cpu ${name}.on_a_gpu PROPERTIES TIMEOUT 600)
    set_tests_properties(${name}.on_a_gpu PROPERTIES SKIP_REGULAR_EXPRESSION "no GPU here")
    return()
  endif()
  # Parameters have names of their own; their printed values may be addresses.
  gtest_discover_tests(test_${name} TEST_PREFIX "${name}." NO_PRETTY_VALUES DISCOVERY_TIMEOUT 60
                       PROPERTIES TIMEOUT 600)
endfunction()
