#ifndef RPCD_CPOSTGRES_H
#define RPCD_CPOSTGRES_H

/* libpq is loaded when something is first asked of it (libpq.c): it needs two dozen libraries in turn, and a command that only calls the daemon has no
   use for them. So these functions are this program's own, and stay in it. */
#include <stdio.h>
#pragma GCC visibility push(hidden)
#if __has_include(<postgresql/libpq-fe.h>)
#include <postgresql/libpq-fe.h>
#else
#include <libpq-fe.h>
#endif
#pragma GCC visibility pop

#include "readiness.h"
/* Not in the Glibc module. */
#include <spawn.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>

/* Whether it could be loaded. */
int rpcd_libpq_is_there(void);

/* Character macros are not imported into Swift. */
static const int rpcd_diag_sqlstate = PG_DIAG_SQLSTATE;
static const int rpcd_diag_message = PG_DIAG_MESSAGE_PRIMARY;
static const int rpcd_diag_constraint = PG_DIAG_CONSTRAINT_NAME;
static const int rpcd_diag_table = PG_DIAG_TABLE_NAME;
static const int rpcd_diag_column = PG_DIAG_COLUMN_NAME;

/* Of the calling thread; 15 bytes of it count. prctl(2) takes any number of arguments, which Swift does not import. */
static inline void rpcd_name_thread(const char *name) {
    if (name) prctl(PR_SET_NAME, name);
}

/* Declared for GNU sources only. */
extern int posix_spawn_file_actions_addclosefrom_np(posix_spawn_file_actions_t *, int);

static inline int rpcd_spawn_close_from(posix_spawn_file_actions_t *actions, int first) {
    return posix_spawn_file_actions_addclosefrom_np(actions, first);
}

extern int posix_spawn_file_actions_addchdir_np(posix_spawn_file_actions_t *, const char *);

static inline int rpcd_spawn_in(posix_spawn_file_actions_t *actions, const char *folder) {
    return posix_spawn_file_actions_addchdir_np(actions, folder);
}

#endif
