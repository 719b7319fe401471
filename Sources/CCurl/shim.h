// libcurl, with typed calls where its own are variadic or macros that Swift cannot see.
#pragma once
// First, so that the socket headers that curl.h wants are CLinux's: were they also this module's, an optimised build would
// hide their constants from files that import CLinux alone.
#include "../CLinux/include/clinux.h"
#include <curl/curl.h>

typedef size_t (*ccurl_bytes_fn)(char *_Nullable, size_t, size_t, void *_Nullable);
typedef int (*ccurl_seek_fn)(void *_Nullable, curl_off_t, int);
typedef int (*ccurl_prereq_fn)(void *_Nullable, char *_Nullable, char *_Nullable, int, int);
typedef curl_socket_t (*ccurl_open_fn)(void *_Nullable, curlsocktype, struct curl_sockaddr *_Nonnull);
typedef int (*ccurl_close_fn)(void *_Nullable, curl_socket_t);
typedef int (*ccurl_socket_fn)(CURL *_Nonnull, curl_socket_t, int, void *_Nullable, void *_Nullable);
typedef int (*ccurl_timer_fn)(CURLM *_Nonnull, long, void *_Nullable);

#define CCURL_SET(name, type)                                                                                          \
  static inline CURLcode ccurl_set_##name(CURL *_Nonnull h, CURLoption o, type v) { return curl_easy_setopt(h, o, v); }
CCURL_SET(long, long)
CCURL_SET(size, curl_off_t)
CCURL_SET(text, const char *_Nullable)
CCURL_SET(pointer, void *_Nullable)
CCURL_SET(list, struct curl_slist *_Nullable)
CCURL_SET(bytes, ccurl_bytes_fn _Nullable)
CCURL_SET(seek, ccurl_seek_fn _Nullable)
CCURL_SET(prereq, ccurl_prereq_fn _Nullable)
CCURL_SET(open, ccurl_open_fn _Nullable)
CCURL_SET(close, ccurl_close_fn _Nullable)
#undef CCURL_SET

static inline CURLcode ccurl_get_long(CURL *_Nonnull h, CURLINFO i, long *_Nonnull v) { return curl_easy_getinfo(h, i, v); }
static inline CURLcode ccurl_get_size(CURL *_Nonnull h, CURLINFO i, curl_off_t *_Nonnull v) {
  return curl_easy_getinfo(h, i, v);
}
static inline CURLcode ccurl_get_text(CURL *_Nonnull h, CURLINFO i, const char *_Nullable *_Nonnull v) {
  return curl_easy_getinfo(h, i, v);
}
static inline CURLcode ccurl_get_pointer(CURL *_Nonnull h, CURLINFO i, void *_Nullable *_Nonnull v) {
  return curl_easy_getinfo(h, i, v);
}
static inline CURLcode ccurl_get_socket(CURL *_Nonnull h, curl_socket_t *_Nonnull v) {
  return curl_easy_getinfo(h, CURLINFO_ACTIVESOCKET, v);
}

static inline CURLMcode ccurl_multi_long(CURLM *_Nonnull m, CURLMoption o, long v) { return curl_multi_setopt(m, o, v); }
static inline CURLMcode ccurl_multi_sockets(CURLM *_Nonnull m, ccurl_socket_fn _Nonnull f, void *_Nullable data) {
  curl_multi_setopt(m, CURLMOPT_SOCKETDATA, data);
  return curl_multi_setopt(m, CURLMOPT_SOCKETFUNCTION, f);
}
static inline CURLMcode ccurl_multi_timer(CURLM *_Nonnull m, ccurl_timer_fn _Nonnull f, void *_Nullable data) {
  curl_multi_setopt(m, CURLMOPT_TIMERDATA, data);
  return curl_multi_setopt(m, CURLMOPT_TIMERFUNCTION, f);
}

/// The next transfer that has ended, or NULL.
static inline CURL *_Nullable ccurl_multi_ended(CURLM *_Nonnull m, CURLcode *_Nonnull result) {
  int left;
  CURLMsg *message;
  while ((message = curl_multi_info_read(m, &left))) {
    if (message->msg != CURLMSG_DONE) continue;
    *result = message->data.result;
    return message->easy_handle;
  }
  return NULL;
}
