// hold PORT PATH STREAMS: opens streams that say something once and then nothing, tells how many are open, and holds
// them until its input ends; then it tells how many were still there.
#include "common.h"

static char request[1024];

static int open_stream(int port, size_t length) {
  int fd = connect_to(port);
  if (fd >= 0 && send_all(fd, request, length) == 0) return fd;
  if (fd >= 0) close(fd);
  return -1;
}

/// Waits for the first bytes of each stream: one that has not answered is not open.
static long first_bytes(int epoll, long streams) {
  long heard = 0;
  struct epoll_event ready[256];
  int64_t end = now_ns() + 20 * 1000000000LL;
  while (heard < streams && now_ns() < end) {
    int found = epoll_wait(epoll, ready, 256, 100);
    for (int i = 0; i < found; i++) {
      char bytes[4096];
      int fd = (int)(intptr_t)ready[i].data.ptr;
      if (recv(fd, bytes, sizeof bytes, 0) > 0) heard++;
      epoll_ctl(epoll, EPOLL_CTL_DEL, fd, NULL);
    }
  }
  return heard;
}

int main(int count, char **arguments) {
  if (count < 4) {
    fprintf(stderr, "usage: hold PORT PATH STREAMS\n");
    return 2;
  }
  raise_descriptor_limit();
  int port = atoi(arguments[1]);
  long streams = atol(arguments[3]), opened = 0;
  size_t length = (size_t)snprintf(request, sizeof request,
                                   "GET %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nAccept: text/event-stream\r\n\r\n",
                                   arguments[2], port);
  int epoll = epoll_create1(EPOLL_CLOEXEC);
  int *all = allocate((size_t)streams, sizeof *all);
  for (long i = 0; i < streams; i++) {
    all[opened] = open_stream(port, length);
    if (all[opened] < 0) continue;
    watch(epoll, EPOLL_CTL_ADD, all[opened], EPOLLIN, (void *)(intptr_t)all[opened]);
    opened++;
    if (i % 64 == 63) nanosleep(&(struct timespec){.tv_nsec = 2000000}, NULL);
  }
  printf("{\"streams\":%ld,\"open\":%ld}\n", streams, first_bytes(epoll, opened));
  fflush(stdout);
  char ignored[64];
  while (read(0, ignored, sizeof ignored) > 0) {}
  long alive = 0;
  for (long i = 0; i < opened; i++) {
    char byte;
    ssize_t result = recv(all[i], &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    alive += result > 0 || (result < 0 && errno == EAGAIN);
  }
  printf("{\"alive\":%ld}\n", alive);
  return 0;
}
