/* versions.h - which libraries read the input: decoders change results, so a run records them */
#ifndef VX_IO_VERSIONS_H
#define VX_IO_VERSIONS_H

struct vx_io_version {
    const char *name;
    char version[64];
};

#define VX_IO_VERSIONS 7
/* Those loaded now (not those compiled against): libsndfile, libsoxr, libarchive, zlib, libpng, libjpeg, FFmpeg ("none": not built in). */
void vx_io_versions(struct vx_io_version out[VX_IO_VERSIONS]);

#endif
