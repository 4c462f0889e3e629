/*
 * Makes an eventfd(2) readable when a descriptor becomes ready, so that an event loop which watches only descriptors of its own
 * can watch libpq's socket: io_submit(2) with IOCB_CMD_POLL (Linux 4.18) and IOCB_FLAG_RESFD. The C library has no wrappers.
 */
#ifndef RPCD_READINESS_H
#define RPCD_READINESS_H

#include <errno.h>
#include <linux/aio_abi.h>
#include <poll.h>
#include <stdint.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

typedef uint64_t rpcd_readiness;

/* 0, or an errno. */
static inline int rpcd_readiness_open(rpcd_readiness *context) {
    aio_context_t made = 0;
    if (syscall(SYS_io_setup, 8, &made) != 0) return errno;
    *context = made;
    return 0;
}

/* Waits for what is still armed to be taken back. */
static inline void rpcd_readiness_close(rpcd_readiness context) {
    syscall(SYS_io_destroy, (aio_context_t)context);
}

/* Once: the next time `descriptor` has one of `events`, `eventfd` is raised. 0, or an errno. */
static inline int rpcd_readiness_arm(rpcd_readiness context, int descriptor, short events, int eventfd) {
    struct iocb request, *list = &request;
    memset(&request, 0, sizeof request);
    request.aio_lio_opcode = IOCB_CMD_POLL;
    request.aio_fildes = (uint32_t)descriptor;
    request.aio_buf = (uint64_t)(unsigned short)events;
    request.aio_data = (uint64_t)(unsigned short)events;
    request.aio_flags = IOCB_FLAG_RESFD;
    request.aio_resfd = (uint32_t)eventfd;
    return syscall(SYS_io_submit, (aio_context_t)context, 1, &list) == 1 ? 0 : errno;
}

/* The events whose arming has fired since the last call. */
static inline short rpcd_readiness_take(rpcd_readiness context) {
    struct io_event events[8];
    short fired = 0;
    long count = syscall(SYS_io_getevents, (aio_context_t)context, 0, 8, events, 0);
    for (long i = 0; i < count; i++) fired |= (short)events[i].data;
    return fired;
}

#endif
