# Compiler settings of our own targets; never exported.
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
if(NOT CMAKE_BUILD_TYPE AND NOT CMAKE_CONFIGURATION_TYPES)
  set(CMAKE_BUILD_TYPE Release CACHE STRING "Build type" FORCE)
endif()

find_program(CCACHE_PROGRAM ccache)
if(CCACHE_PROGRAM AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER "${CCACHE_PROGRAM}")
endif()

add_library(onestep_flags INTERFACE)
target_compile_options(onestep_flags INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor
                                               -Woverloaded-virtual)
if(ONESTEP_WERROR)
  target_compile_options(onestep_flags INTERFACE -Werror)
endif()
if(ONESTEP_SANITIZE)
  target_compile_options(onestep_flags INTERFACE -fsanitize=${ONESTEP_SANITIZE}
                                                 -fno-sanitize-recover=all)
  target_link_options(onestep_flags INTERFACE -fsanitize=${ONESTEP_SANITIZE})
endif()
