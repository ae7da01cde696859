# Copyright 2026 Voxtrawl's authors
# SPDX-License-Identifier: Apache-2.0

from spack_repo.builtin.build_systems.cmake import CMakePackage, generator
from spack_repo.builtin.build_systems.cuda import CudaPackage

from spack.package import *


class Voxtrawl(CMakePackage, CudaPackage):
    """Scans large audio archives for synthetic speech: folders, manifests and archives of recordings become one SQLite
    database of scores by a ConvNeXt network, alone, under MPI, or as a Slurm job."""

    license("Apache-2.0")
    version("0.1.0")  # from the folder that it is started in: spack dev-build voxtrawl@0.1.0

    variant("ffmpeg", default=True, description="Read m4a, mp4, webm, wma, amr ... through FFmpeg")

    generator("ninja")

    depends_on("c", type="build")
    depends_on("cxx", type="build", when="+cuda")
    depends_on("cmake@3.25:", type="build")
    depends_on("pkgconfig", type="build")
    depends_on("gzip", type="build")

    depends_on("mpi")
    depends_on("cjson")
    depends_on("kissfft")
    depends_on("libarchive")
    depends_on("jpeg")
    depends_on("libpng")
    depends_on("libsndfile@1.2: +external-libs")
    depends_on("onednn@2.6: cpu_runtime=omp")
    depends_on("openssl@3:")
    depends_on("soxr")
    depends_on("sqlite@3.37:")
    depends_on("xxhash")
    depends_on("zlib-api")
    depends_on("ffmpeg@5.1:", when="+ffmpeg")
    depends_on("cuda@13:", when="+cuda")

    conflicts("cuda_arch=none", when="+cuda", msg="name the GPUs' compute capability, cuda_arch=90 say")

    def cmake_args(self):
        args = [
            self.define("BUILD_TESTING", False),
            self.define_from_variant("VX_CUDA", "cuda"),
            self.define("VOXTRAWL_FFMPEG", "on" if self.spec.satisfies("+ffmpeg") else "off"),
        ]
        if self.spec.satisfies("+cuda"):
            args.append(self.define("CMAKE_CUDA_ARCHITECTURES", self.spec.variants["cuda_arch"].value))
        return args

    def test_model(self):
        """the installed program finds its model"""
        Executable(self.prefix.bin.voxtrawl)("model")
