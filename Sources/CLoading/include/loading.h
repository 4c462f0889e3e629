/*
 * Defines functions that load a library when the first of them is called, and pass on what they are given. Before it is included:
 *   LIBRARY         the name of the library, as the loader knows it;
 *   FUNCTIONS(DO)   DO(type, name, (parameters), (arguments), what is given where the library is not there) for each function;
 *   PROCEDURES(DO)  DO(name, (parameters), (arguments)) for each that gives nothing;
 *   FOUND(DO)       where there are any, DO(type, name, (parameters)) for each that is only to be found, as real_NAME.
 * They are this program's own: other libraries that use this one find its functions, not these.
 */
#include <dlfcn.h>
#include <pthread.h>

#pragma GCC visibility push(hidden)

#define RPCD_POINTER(type, name, takes, given, otherwise) static type(*real_##name) takes;
#define RPCD_POINTER_OF_PROCEDURE(name, takes, given) static void(*real_##name) takes;
#define RPCD_POINTER_OF_FOUND(type, name, takes) static type(*real_##name) takes;
#ifndef FOUND
#define FOUND(DO)
#endif
FUNCTIONS(RPCD_POINTER)
FOUND(RPCD_POINTER_OF_FOUND)
PROCEDURES(RPCD_POINTER_OF_PROCEDURE)

/* 0 as long as nobody has looked; then whether it is there: 1, or -1. */
static int rpcd_standing;
static pthread_once_t rpcd_loading = PTHREAD_ONCE_INIT;

/* A library of another release may lack a function; then it is as if it were not there. */
#define RPCD_FIND_NAME(name) is_there = is_there && (*(void **)&real_##name = dlsym(library, #name)) != NULL;
#define RPCD_FIND(type, name, takes, given, otherwise) RPCD_FIND_NAME(name)
#define RPCD_FIND_FOUND(type, name, takes) RPCD_FIND_NAME(name)
#define RPCD_FIND_PROCEDURE(name, takes, given) RPCD_FIND_NAME(name)

static void rpcd_load(void) {
    void *library = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);
    int is_there = library != NULL;
    FUNCTIONS(RPCD_FIND)
    FOUND(RPCD_FIND_FOUND)
    PROCEDURES(RPCD_FIND_PROCEDURE)
    __atomic_store_n(&rpcd_standing, is_there ? 1 : -1, __ATOMIC_RELEASE);
}

static inline int rpcd_may_call(void) {
    int standing = __atomic_load_n(&rpcd_standing, __ATOMIC_ACQUIRE);
    if (__builtin_expect(standing == 0, 0)) {
        pthread_once(&rpcd_loading, rpcd_load);
        standing = __atomic_load_n(&rpcd_standing, __ATOMIC_ACQUIRE);
    }
    return standing > 0;
}

#define RPCD_FUNCTION(type, name, takes, given, otherwise)                                                                   \
    type name takes { return rpcd_may_call() ? real_##name given : (otherwise); }
#define RPCD_PROCEDURE(name, takes, given)                                                                                   \
    void name takes { if (rpcd_may_call()) real_##name given; }
FUNCTIONS(RPCD_FUNCTION)
PROCEDURES(RPCD_PROCEDURE)
