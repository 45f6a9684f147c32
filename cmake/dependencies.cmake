# Every third-party package in one place; each has one owner in the tree (docs/architecture.md).
find_package(Threads REQUIRED)
find_package(ZLIB REQUIRED)               # io
find_package(PNG REQUIRED)                # io/png
find_package(JPEG REQUIRED)               # io/jpeg
find_package(Minizip REQUIRED)            # io/numpy/npz
find_package(nlohmann_json 3.11 REQUIRED) # .cpp files of io, models, pipelines, output, cli
find_package(CLI11 2.1 REQUIRED)          # cli
find_package(hwy 1.0 REQUIRED)            # backend/cpu
if(ONESTEP_EXR)
  find_package(OpenEXR 3 QUIET CONFIG)    # io/float_images/exr; optional
endif()
if(ONESTEP_SCENES)
  find_package(embree 3.12 QUIET CONFIG)  # scenes; optional
endif()
if(ONESTEP_TESTS)
  find_package(GTest REQUIRED)
endif()
if(ONESTEP_BENCHMARKS)
  find_package(benchmark REQUIRED)
endif()
