#define curl_url_get curl_url_get_of_the_header
#include "CCurl.h"
#undef curl_url_get

#include <stdarg.h>

#define LIBRARY "libcurl.so.4"

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

/* Those that take any type are written out below. */
#define FOUND(DO)                                                                                                            \
    DO(CURLcode, curl_easy_setopt, (CURL * handle, CURLoption option, ...))                                                   \
    DO(CURLcode, curl_easy_getinfo, (CURL * handle, CURLINFO info, ...))                                                      \
    DO(CURLMcode, curl_multi_setopt, (CURLM * multi, CURLMoption option, ...))

/* Releases of libcurl differ in whether it takes a const: to a linker that is the same. */
CURLUcode curl_url_get(const CURLU *url, CURLUPart part, char **text, unsigned flags);

#include "loading.h"

int rpcd_libcurl_is_there(void) { return rpcd_may_call(); }

/* What follows the option is one argument of one of the kinds that curl_easy_setopt(3) names: each has the size of a pointer, and travels as one. */
_Static_assert(sizeof(void *) == sizeof(long) && sizeof(void *) == sizeof(curl_off_t), "an option may have another size than a pointer");

#undef curl_easy_setopt
CURLcode curl_easy_setopt(CURL *handle, CURLoption option, ...) {
    va_list arguments;
    va_start(arguments, option);
    void *value = va_arg(arguments, void *);
    va_end(arguments);
    return rpcd_may_call() ? real_curl_easy_setopt(handle, option, value) : CURLE_FAILED_INIT;
}

#undef curl_easy_getinfo
CURLcode curl_easy_getinfo(CURL *handle, CURLINFO info, ...) {
    va_list arguments;
    va_start(arguments, info);
    void *value = va_arg(arguments, void *);
    va_end(arguments);
    return rpcd_may_call() ? real_curl_easy_getinfo(handle, info, value) : CURLE_FAILED_INIT;
}

#undef curl_multi_setopt
CURLMcode curl_multi_setopt(CURLM *multi, CURLMoption option, ...) {
    va_list arguments;
    va_start(arguments, option);
    void *value = va_arg(arguments, void *);
    va_end(arguments);
    return rpcd_may_call() ? real_curl_multi_setopt(multi, option, value) : CURLM_INTERNAL_ERROR;
}
