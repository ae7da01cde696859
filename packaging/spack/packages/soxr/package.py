# Copyright 2026 Voxtrawl's authors
# SPDX-License-Identifier: Apache-2.0

from spack_repo.builtin.build_systems.cmake import CMakePackage

from spack.package import *


class Soxr(CMakePackage):
    """The SoX resampler library."""

    homepage = "https://sourceforge.net/projects/soxr/"
    git = "https://git.code.sf.net/p/soxr/code"

    license("LGPL-2.1-or-later")
    version("0.1.3", tag="0.1.3")

    depends_on("c", type="build")

    def cmake_args(self):
        return [self.define("BUILD_TESTS", False), self.define("WITH_OPENMP", False)]
