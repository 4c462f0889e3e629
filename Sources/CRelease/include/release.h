#ifndef RPCD_RELEASE_H
#define RPCD_RELEASE_H

/* The commit that this was built from, "unknown" where the build was not told. */
const char *rpcd_commit(void);

#endif
