// What the load tools share: time, sockets, arguments, latencies. Each tool is one thread and one epoll.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static inline int64_t now_ns(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

static inline void die(const char *what) {
  perror(what);
  exit(1);
}

static inline void *allocate(size_t count, size_t size) {
  void *memory = calloc(count, size);
  if (!memory) die("calloc");
  return memory;
}

/// As many descriptors as the hard limit allows: thousands of streams need them.
static inline void raise_descriptor_limit(void) {
  struct rlimit limit;
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

static inline struct sockaddr_in loopback(int port) {
  struct sockaddr_in address;
  memset(&address, 0, sizeof address);
  address.sin_family = AF_INET;
  address.sin_port = htons((uint16_t)port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

/// A connected, non-blocking socket, or -1. On loopback a blocking connect takes microseconds.
static inline int connect_to(int port) {
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return -1;
  struct sockaddr_in address = loopback(port);
  if (connect(fd, (struct sockaddr *)&address, sizeof address) != 0) {
    close(fd);
    return -1;
  }
  int one = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  fcntl(fd, F_SETFL, O_NONBLOCK);
  return fd;
}

static inline void watch(int epoll, int operation, int fd, uint32_t events, void *owner) {
  struct epoll_event event = {.events = events, .data.ptr = owner};
  if (epoll_ctl(epoll, operation, fd, &event) != 0) die("epoll_ctl");
}

/// A listening socket on the port that the first argument names, or on any; says which.
static inline int listen_on(int count, char **arguments) {
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  struct sockaddr_in address = loopback(count > 1 ? atoi(arguments[1]) : 0);
  socklen_t length = sizeof address;
  if (bind(fd, (struct sockaddr *)&address, length) != 0 || listen(fd, 4096) != 0) die("listen");
  getsockname(fd, (struct sockaddr *)&address, &length);
  printf("listening on 127.0.0.1:%d\n", ntohs(address.sin_port));
  fflush(stdout);
  return fd;
}

/// The next connection that waits, or -1.
static inline int accept_next(int listener) {
  int one = 1, fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (fd >= 0) setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  return fd;
}

// Bytes that grow; a zero stands behind them.
struct bytes {
  char *all;
  size_t count, room;
};

static inline void add(struct bytes *to, const char *bytes, size_t count) {
  if (to->count + count + 1 > to->room) {
    to->room = (to->count + count + 1) * 2;
    to->all = realloc(to->all, to->room);
    if (!to->all) die("realloc");
  }
  memcpy(to->all + to->count, bytes, count);
  to->count += count;
  to->all[to->count] = 0;
}

/// Requests are a few hundred bytes into an empty buffer: a partial write is a failure.
static inline int send_all(int fd, const char *bytes, size_t count) {
  return send(fd, bytes, count, MSG_NOSIGNAL) == (ssize_t)count ? 0 : -1;
}

// Latencies in nanoseconds, all of them: percentiles of a histogram would hide the tail.
struct latencies {
  uint32_t *values;
  size_t count, room;
};

static inline void record(struct latencies *all, int64_t ns) {
  if (all->count == all->room) {
    all->room = all->room ? all->room * 2 : 1 << 16;
    all->values = realloc(all->values, all->room * sizeof *all->values);
    if (!all->values) die("realloc");
  }
  all->values[all->count++] = ns < 0 ? 0 : ns > UINT32_MAX ? UINT32_MAX : (uint32_t)ns;
}

static inline int by_value(const void *a, const void *b) {
  uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
  return (x > y) - (x < y);
}

/// Prints `,"p50_us":…,"p99_us":…,"p999_us":…,"max_us":…`.
static inline void print_latencies(struct latencies *all) {
  if (all->count == 0) return;
  qsort(all->values, all->count, sizeof *all->values, by_value);
  const double shares[] = {0.5, 0.99, 0.999};
  const char *names[] = {"p50_us", "p99_us", "p999_us"};
  for (int i = 0; i < 3; i++) {
    printf(",\"%s\":%.1f", names[i], all->values[(size_t)((double)(all->count - 1) * shares[i])] / 1e3);
  }
  printf(",\"max_us\":%.1f", all->values[all->count - 1] / 1e3);
}
