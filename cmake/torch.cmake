# libtorch for training and GPUs: what `pip install torch` lays down, headers and libraries. torch's own
# CMake package asks for a CUDA toolkit even where none is used, so the target is ours.
#
# ONESTEP_TORCH_ROOT is the folder that holds `torch/` (and `nvidia/`, the runtime libraries that its
# wheels bring): a site-packages folder, or one that `./run` fills.
set(ONESTEP_TORCH_ROOT "${PROJECT_BINARY_DIR}/../torch" CACHE PATH
    "Folder that holds torch/ as pip installs it")
set(torch_folder "${ONESTEP_TORCH_ROOT}/torch")
if(NOT EXISTS "${torch_folder}/lib/libtorch_cpu.so")
  message(FATAL_ERROR "ONESTEP_TORCH_ROOT: expected torch/lib/libtorch_cpu.so in "
                      "${ONESTEP_TORCH_ROOT}, found none; pip install --target that folder torch")
endif()

file(STRINGS "${torch_folder}/version.py" torch_version REGEX "^__version__ = ")
if(NOT torch_version MATCHES "'2\\.11\\.0")
  message(FATAL_ERROR "ONESTEP_TORCH_ROOT: expected torch 2.11.0 in ${ONESTEP_TORCH_ROOT}, found "
                      "${torch_version}; parts of it are used that change between versions")
endif()

add_library(onestep_torch INTERFACE)
target_include_directories(onestep_torch SYSTEM INTERFACE
  "${torch_folder}/include" "${torch_folder}/include/torch/csrc/api/include")
target_link_libraries(onestep_torch INTERFACE "${torch_folder}/lib/libtorch_cpu.so"
                                              "${torch_folder}/lib/libc10.so")
# CUDA comes along where its libraries are; nothing refers to them by name, so the linker must be told.
if(EXISTS "${ONESTEP_TORCH_ROOT}/nvidia/cudnn")
  target_link_libraries(onestep_torch INTERFACE
    "-Wl,--push-state,--no-as-needed" "${torch_folder}/lib/libtorch_cuda.so"
    "${torch_folder}/lib/libc10_cuda.so" "-Wl,--pop-state")
endif()
target_link_options(onestep_torch INTERFACE
  "-Wl,-rpath,${torch_folder}/lib:${ONESTEP_TORCH_ROOT}/nvidia/cu13/lib"
  "-Wl,-rpath-link,${ONESTEP_TORCH_ROOT}/nvidia/cu13/lib")
