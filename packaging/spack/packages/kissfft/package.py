# Copyright 2026 Voxtrawl's authors
# SPDX-License-Identifier: Apache-2.0

from spack_repo.builtin.build_systems.cmake import CMakePackage

from spack.package import *


class Kissfft(CMakePackage):
    """A small Fast Fourier Transform library, for float samples."""

    homepage = "https://github.com/mborgerding/kissfft"
    git = "https://github.com/mborgerding/kissfft.git"

    license("BSD-3-Clause")
    version("131.1.0", tag="131.1.0")

    depends_on("c", type="build")

    def cmake_args(self):
        return [
            self.define("KISSFFT_DATATYPE", "float"),
            self.define("KISSFFT_PKGCONFIG", True),
            self.define("KISSFFT_STATIC", False),
            self.define("KISSFFT_TEST", False),
            self.define("KISSFFT_TOOLS", False),
        ]
