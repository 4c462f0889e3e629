#ifndef RPCD_CSYSTEMD_H
#define RPCD_CSYSTEMD_H

#include <systemd/sd-daemon.h>
#include <systemd/sd-journal.h>

#endif
