# The CUDA language and libraries, for the devices that the program is made for
if(NOT DEFINED CMAKE_CUDA_ARCHITECTURES) # T4, A100, A10 and RTX 30, L4 and RTX 40, H100; PTX for what comes after
    set(CMAKE_CUDA_ARCHITECTURES 75-real 80-real 86-real 89-real 90)
endif()
set(CMAKE_CUDA_STANDARD 17)
set(CMAKE_CUDA_STANDARD_REQUIRED ON)
set(CMAKE_CUDA_EXTENSIONS OFF)
enable_language(CUDA)
find_package(CUDAToolkit REQUIRED)
