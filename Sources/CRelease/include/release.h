#ifndef RPCD_RELEASE_H
#define RPCD_RELEASE_H

/* The commit that this was built from, "unknown" where the build was not told. */
const char *rpcd_commit(void);

#include <malloc.h>

/* mallopt(3), which Swift's Glibc has not: blocks of this size and more are mapped, and given back when they are freed. Left alone, glibc raises the
   bound with the first block that is freed, and what hashing a password takes (19 MiB) stays in the arena of whichever thread did it. */
static inline int rpcd_map_blocks_from(int bytes) { return mallopt(M_MMAP_THRESHOLD, bytes); }

#endif
