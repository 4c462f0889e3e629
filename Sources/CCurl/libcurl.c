/* Releases of libcurl differ in whether it takes a const: to a linker that is the same. */
#define curl_url_get curl_url_get_of_the_header
#include "CCurl.h"
#undef curl_url_get

#include <dlfcn.h>
#include <pthread.h>
#include <stdarg.h>

#pragma GCC visibility push(hidden)

/* Every function of libcurl that is called here: what it gives, its name, what it takes, what it is given, and what it gives where there is no
   libcurl. */
#define FUNCTIONS(DO)                                                                                                        \
    DO(CURLcode, curl_global_init, (long flags), (flags), CURLE_FAILED_INIT)                                                  \
    DO(curl_version_info_data *, curl_version_info, (CURLversion version), (version), NULL)                                   \
    DO(CURL *, curl_easy_init, (void), (), NULL)                                                                              \
    DO(CURLcode, curl_easy_perform, (CURL * handle), (handle), CURLE_FAILED_INIT)                                             \
    DO(const char *, curl_easy_strerror, (CURLcode code), (code), "libcurl is not there")                                     \
    DO(CURLM *, curl_multi_init, (void), (), NULL)                                                                            \
    DO(CURLMcode, curl_multi_add_handle, (CURLM * multi, CURL *handle), (multi, handle), CURLM_INTERNAL_ERROR)                \
    DO(CURLMcode, curl_multi_remove_handle, (CURLM * multi, CURL *handle), (multi, handle), CURLM_INTERNAL_ERROR)             \
    DO(CURLMcode, curl_multi_perform, (CURLM * multi, int *running), (multi, running), CURLM_INTERNAL_ERROR)                  \
    DO(CURLMcode, curl_multi_poll, (CURLM * multi, struct curl_waitfd extra[], unsigned count, int timeout, int *number),     \
       (multi, extra, count, timeout, number), CURLM_INTERNAL_ERROR)                                                          \
    DO(CURLMcode, curl_multi_wakeup, (CURLM * multi), (multi), CURLM_INTERNAL_ERROR)                                          \
    DO(CURLMcode, curl_multi_cleanup, (CURLM * multi), (multi), CURLM_INTERNAL_ERROR)                                         \
    DO(CURLMsg *, curl_multi_info_read, (CURLM * multi, int *left), (multi, left), NULL)                                      \
    DO(struct curl_slist *, curl_slist_append, (struct curl_slist * list, const char *text), (list, text), NULL)              \
    DO(CURLU *, curl_url, (void), (), NULL)                                                                                   \
    DO(CURLUcode, curl_url_get, (const CURLU *url, CURLUPart part, char **text, unsigned flags), (url, part, text, flags),    \
       CURLUE_OUT_OF_MEMORY)                                                                                                  \
    DO(CURLUcode, curl_url_set, (CURLU * url, CURLUPart part, const char *text, unsigned flags), (url, part, text, flags),    \
       CURLUE_OUT_OF_MEMORY)

/* The same of those that give nothing. */
#define PROCEDURES(DO)                                                                                                       \
    DO(curl_easy_cleanup, (CURL * handle), (handle))                                                                          \
    DO(curl_easy_reset, (CURL * handle), (handle))                                                                            \
    DO(curl_slist_free_all, (struct curl_slist * list), (list))                                                               \
    DO(curl_url_cleanup, (CURLU * url), (url))                                                                                \
    DO(curl_free, (void *memory), (memory))

#define POINTER(type, name, takes, given, otherwise) static type(*real_##name) takes;
#define POINTER_OF_PROCEDURE(name, takes, given) static void(*real_##name) takes;
FUNCTIONS(POINTER)
PROCEDURES(POINTER_OF_PROCEDURE)
static CURLcode (*real_curl_easy_setopt)(CURL *handle, CURLoption option, ...);
static CURLcode (*real_curl_easy_getinfo)(CURL *handle, CURLINFO info, ...);
static CURLMcode (*real_curl_multi_setopt)(CURLM *multi, CURLMoption option, ...);

static int is_there;
static pthread_once_t loaded = PTHREAD_ONCE_INIT;

static void load(void) {
    void *library = dlopen("libcurl.so.4", RTLD_NOW | RTLD_LOCAL);
    if (library == NULL) return;
    is_there = 1;
#define FIND_NAME(name) is_there &= (*(void **)&real_##name = dlsym(library, #name)) != NULL;
#define FIND(type, name, takes, given, otherwise) FIND_NAME(name)
#define FIND_PROCEDURE(name, takes, given) FIND_NAME(name)
    FUNCTIONS(FIND)
    PROCEDURES(FIND_PROCEDURE)
    FIND_NAME(curl_easy_setopt)
    FIND_NAME(curl_easy_getinfo)
    FIND_NAME(curl_multi_setopt)
}

static int may_call(void) {
    pthread_once(&loaded, load);
    return is_there;
}

#define FUNCTION(type, name, takes, given, otherwise)                                                                        \
    type name takes { return may_call() ? real_##name given : (otherwise); }
CURLUcode curl_url_get(const CURLU *url, CURLUPart part, char **text, unsigned flags);

#define PROCEDURE(name, takes, given)                                                                                        \
    void name takes { if (may_call()) real_##name given; }
FUNCTIONS(FUNCTION)
PROCEDURES(PROCEDURE)

/* What follows is one argument of one of the kinds that a pointer has room for, as curl_easy_setopt(3) says; curl_off_t has it, too, where a
   pointer has 64 bits. */
_Static_assert(sizeof(void *) >= sizeof(curl_off_t), "an option may be wider than a pointer");

#undef curl_easy_setopt
CURLcode curl_easy_setopt(CURL *handle, CURLoption option, ...) {
    if (!may_call()) return CURLE_FAILED_INIT;
    va_list arguments;
    va_start(arguments, option);
    void *value = va_arg(arguments, void *);
    va_end(arguments);
    return real_curl_easy_setopt(handle, option, value);
}

#undef curl_easy_getinfo
CURLcode curl_easy_getinfo(CURL *handle, CURLINFO info, ...) {
    if (!may_call()) return CURLE_FAILED_INIT;
    va_list arguments;
    va_start(arguments, info);
    void *value = va_arg(arguments, void *);
    va_end(arguments);
    return real_curl_easy_getinfo(handle, info, value);
}

#undef curl_multi_setopt
CURLMcode curl_multi_setopt(CURLM *multi, CURLMoption option, ...) {
    if (!may_call()) return CURLM_INTERNAL_ERROR;
    va_list arguments;
    va_start(arguments, option);
    void *value = va_arg(arguments, void *);
    va_end(arguments);
    return real_curl_multi_setopt(multi, option, value);
}
