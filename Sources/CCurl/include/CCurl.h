#ifndef RPCD_CCURL_H
#define RPCD_CCURL_H

/* libcurl is loaded when something is first asked of it (libcurl.c): with what it needs in turn it is half of the libraries of the process, and a
   command that only calls the daemon has no use for them. So these functions are this program's own, and stay in it. */
#define CURL_STATICLIB
#define CURL_DISABLE_TYPECHECK
/* What curl.h includes in turn is not this program's own. */
#include <limits.h>
#include <stdio.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/types.h>
#include <time.h>
#pragma GCC visibility push(hidden)
#include <curl/curl.h>
#pragma GCC visibility pop

/* Whether it could be loaded. */
int rpcd_libcurl_is_there(void);

/* curl_easy_setopt and curl_easy_getinfo take any type, which Swift does not import. */

static inline CURLcode rpcd_curl_set_long(CURL *handle, CURLoption option, long value) {
    return curl_easy_setopt(handle, option, value);
}

static inline CURLcode rpcd_curl_set_text(CURL *handle, CURLoption option, const char *value) {
    return curl_easy_setopt(handle, option, value);
}

static inline CURLcode rpcd_curl_set_pointer(CURL *handle, CURLoption option, void *value) {
    return curl_easy_setopt(handle, option, value);
}

static inline CURLcode rpcd_curl_set_reader(CURL *handle, curl_read_callback reader, void *context) {
    CURLcode code = curl_easy_setopt(handle, CURLOPT_READFUNCTION, reader);
    return code == CURLE_OK ? curl_easy_setopt(handle, CURLOPT_READDATA, context) : code;
}

/* The hook is called about once a second while nothing happens; anything but 0 breaks the transfer off. */
static inline CURLcode rpcd_curl_set_progress(CURL *handle, curl_xferinfo_callback hook, void *context) {
    CURLcode code = curl_easy_setopt(handle, CURLOPT_NOPROGRESS, 0L);
    if (code == CURLE_OK) code = curl_easy_setopt(handle, CURLOPT_XFERINFOFUNCTION, hook);
    return code == CURLE_OK ? curl_easy_setopt(handle, CURLOPT_XFERINFODATA, context) : code;
}

static inline CURLcode rpcd_curl_set_size(CURL *handle, CURLoption option, curl_off_t value) {
    return curl_easy_setopt(handle, option, value);
}

static inline CURLcode rpcd_curl_set_list(CURL *handle, CURLoption option, struct curl_slist *value) {
    return curl_easy_setopt(handle, option, value);
}

static inline CURLcode rpcd_curl_set_writer(CURL *handle, curl_write_callback writer, void *context) {
    CURLcode code = curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, writer);
    return code == CURLE_OK ? curl_easy_setopt(handle, CURLOPT_WRITEDATA, context) : code;
}

static inline CURLcode rpcd_curl_set_header_writer(CURL *handle, curl_write_callback writer, void *context) {
    CURLcode code = curl_easy_setopt(handle, CURLOPT_HEADERFUNCTION, writer);
    return code == CURLE_OK ? curl_easy_setopt(handle, CURLOPT_HEADERDATA, context) : code;
}

static inline CURLcode rpcd_curl_set_socket_opener(CURL *handle, curl_opensocket_callback opener, void *context) {
    CURLcode code = curl_easy_setopt(handle, CURLOPT_OPENSOCKETFUNCTION, opener);
    return code == CURLE_OK ? curl_easy_setopt(handle, CURLOPT_OPENSOCKETDATA, context) : code;
}

static inline CURLcode rpcd_curl_set_before_request(CURL *handle, curl_prereq_callback hook, void *context) {
    CURLcode code = curl_easy_setopt(handle, CURLOPT_PREREQFUNCTION, hook);
    return code == CURLE_OK ? curl_easy_setopt(handle, CURLOPT_PREREQDATA, context) : code;
}

/* What the socket is about to connect to; addrlen of it is there, beyond what the type says. */
static inline const void *rpcd_curl_socket_address(const struct curl_sockaddr *address) {
    return &address->addr;
}

static inline CURLMcode rpcd_curl_multi_set_long(CURLM *handle, CURLMoption option, long value) {
    return curl_multi_setopt(handle, option, value);
}

static inline long rpcd_curl_info_long(CURL *handle, CURLINFO info) {
    long value = 0;
    curl_easy_getinfo(handle, info, &value);
    return value;
}

static inline curl_off_t rpcd_curl_info_size(CURL *handle, CURLINFO info) {
    curl_off_t value = 0;
    curl_easy_getinfo(handle, info, &value);
    return value;
}

/* It lives as long as the handle is left alone; NULL when there is none. */
static inline const char *rpcd_curl_info_text(CURL *handle, CURLINFO info) {
    const char *value = NULL;
    curl_easy_getinfo(handle, info, &value);
    return value;
}

/* curl_global_init(3) has to run before anything else. It counts its calls, and any thread may make one where libcurl is built
   that way, as it is in every distribution since 7.84. Nobody calls curl_global_cleanup: the process ends instead. */
static inline int rpcd_curl_start(void) {
    return curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK
        && (curl_version_info(CURLVERSION_NOW)->features & CURL_VERSION_THREADSAFE) != 0;
}

static inline int rpcd_curl_features(void) {
    return curl_version_info(CURLVERSION_NOW)->features;
}

static inline long rpcd_curl_response_code(CURL *handle) {
    long code = 0;
    curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &code);
    return code;
}

#endif
