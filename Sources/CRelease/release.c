#include "release.h"

/* scripts/build writes it; it is not kept in the repository. */
#if __has_include("commit.h")
#include "commit.h"
#else
#define RPCD_COMMIT "unknown"
#endif

const char *rpcd_commit(void) { return RPCD_COMMIT; }
