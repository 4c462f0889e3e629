#ifndef RPCD_CZLIB_H
#define RPCD_CZLIB_H

#include <zlib.h>

/* deflateInit2 is a macro, which Swift does not import. 16 above the largest window: a gzip header and trailer (RFC 1952). */
static inline int rpcd_gzip_start(z_stream *stream, int level) {
    return deflateInit2(stream, level, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
}

#endif
