# cmake --install: the library with its public headers, the program, and what finds them again.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

set(package_folder "${CMAKE_INSTALL_LIBDIR}/cmake/onestep")
target_compile_features(onestep_library PUBLIC cxx_std_20)
target_include_directories(onestep_library INTERFACE
  "$<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>")
set_target_properties(onestep_library PROPERTIES EXPORT_NAME onestep)

install(TARGETS onestep_library EXPORT onestepTargets
        ARCHIVE DESTINATION "${CMAKE_INSTALL_LIBDIR}")
install(TARGETS onestep_program RUNTIME DESTINATION "${CMAKE_INSTALL_BINDIR}")
# The public header and all that it includes of ours.
foreach(header api/onestep.h base/error.h)
  cmake_path(GET header PARENT_PATH folder)
  install(FILES "${PROJECT_SOURCE_DIR}/src/onestep/${header}"
          DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}/onestep/${folder}")
endforeach()
# The models that predict takes when it is given none: where hub/bundled_models.h looks, from bin/.
cmake_path(SET ONESTEP_MODELS NORMALIZE "${CMAKE_INSTALL_BINDIR}/../share/onestep/models")
install(DIRECTORY "${PROJECT_SOURCE_DIR}/models/bundled/" DESTINATION "${ONESTEP_MODELS}" OPTIONAL)
install(FILES "${PROJECT_SOURCE_DIR}/LICENSE" DESTINATION "${CMAKE_INSTALL_DOCDIR}")

# find_package(onestep)
set(ONESTEP_HAS_EXR OFF)
set(ONESTEP_HAS_SCENES OFF)
set(ONESTEP_PC_REQUIRES "libpng libjpeg libhwy minizip")
if(OpenEXR_FOUND)
  set(ONESTEP_HAS_EXR ON)
  string(APPEND ONESTEP_PC_REQUIRES " OpenEXR")
endif()
set(ONESTEP_PC_LIBS "-pthread")
if(embree_FOUND)
  set(ONESTEP_HAS_SCENES ON)
  string(APPEND ONESTEP_PC_LIBS " -lembree3")
endif()
configure_package_config_file("${CMAKE_CURRENT_LIST_DIR}/onestepConfig.cmake.in"
  "${PROJECT_BINARY_DIR}/package/onestepConfig.cmake" INSTALL_DESTINATION "${package_folder}"
  PATH_VARS ONESTEP_MODELS)
write_basic_package_version_file("${PROJECT_BINARY_DIR}/package/onestepConfigVersion.cmake"
                                 COMPATIBILITY SameMinorVersion)
install(EXPORT onestepTargets NAMESPACE onestep:: DESTINATION "${package_folder}")
install(FILES "${CMAKE_CURRENT_LIST_DIR}/FindMinizip.cmake"
              "${PROJECT_BINARY_DIR}/package/onestepConfig.cmake"
              "${PROJECT_BINARY_DIR}/package/onestepConfigVersion.cmake"
        DESTINATION "${package_folder}")

# pkg-config
file(RELATIVE_PATH ONESTEP_PC_TO_PREFIX "/prefix/${CMAKE_INSTALL_LIBDIR}/pkgconfig" "/prefix")
string(REGEX REPLACE "/$" "" ONESTEP_PC_TO_PREFIX "${ONESTEP_PC_TO_PREFIX}")
configure_file("${CMAKE_CURRENT_LIST_DIR}/onestep.pc.in" "${PROJECT_BINARY_DIR}/package/onestep.pc"
               @ONLY)
install(FILES "${PROJECT_BINARY_DIR}/package/onestep.pc"
        DESTINATION "${CMAKE_INSTALL_LIBDIR}/pkgconfig")
