#ifndef RPCD_CSYSTEMD_H
#define RPCD_CSYSTEMD_H

#include <sys/prctl.h>
#include <sys/resource.h>
#include <systemd/sd-daemon.h>
#include <systemd/sd-journal.h>

/* prctl(2) takes any type, which Swift does not import. 0 when nothing of this process will be left in a core dump. */
static inline int rpcd_forbid_core_dumps(void) {
    struct rlimit none = {0, 0};
    return prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0 ? setrlimit(RLIMIT_CORE, &none) : -1;
}

#endif
