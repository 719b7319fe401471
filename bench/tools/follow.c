// follow PORT PATH STREAMS SECONDS [WARM-UP]: reads event streams of `source` and prints one JSON object.
// Latency comes from the moment inside each event; gaps, repeats and early ends from its number.
#include "common.h"

enum part { HEAD, SIZE, DATA, DATA_END, PLAIN, OVER };

struct follower {
  int fd, chunked, done;
  enum part part;
  size_t left;   // bytes of this chunk that are still to come
  long expected; // number of the next event
  size_t line_length, size_length;
  char line[512]; // longer ones are cut: what is read of them stands in front
  char size[32];
};

static struct latencies latencies;
static long events, gaps, repeats, early_ends, failed, malformed;
static int64_t counting_from;

static void event_line(struct follower *f, int64_t received) {
  f->line[f->line_length] = 0;
  f->line_length = 0;
  long number;
  long long sent;
  if (strncmp(f->line, "data: [DONE]", 12) == 0) {
    f->done = 1;
  } else if (strncmp(f->line, "data: ", 6) == 0) {
    if (sscanf(f->line, "data: {\"s\":%ld,\"t\":%lld", &number, &sent) != 2) {
      malformed++;
      return;
    }
    if (number > f->expected) gaps++;
    if (number < f->expected) repeats++;
    f->expected = number + 1;
    if (received < counting_from) return;
    events++;
    record(&latencies, received - sent);
  }
}

static void head_line(struct follower *f) {
  f->line[f->line_length] = 0;
  if (strncmp(f->line, "HTTP/", 5) == 0 && !strstr(f->line, " 200")) failed++;
  if (strncasecmp(f->line, "transfer-encoding: chunked", 26) == 0) f->chunked = 1;
  if (f->line_length <= 1) f->part = f->chunked ? SIZE : PLAIN; // what is left is the carriage return
  f->line_length = 0;
}

static void keep(struct follower *f, char byte) {
  if (f->line_length < sizeof f->line - 1) f->line[f->line_length++] = byte;
}

static void size_line(struct follower *f) {
  f->size[f->size_length] = 0;
  f->size_length = 0;
  f->left = strtoul(f->size, NULL, 16);
  f->part = f->left ? DATA : OVER;
}

static void take(struct follower *f, char byte, int64_t received) {
  switch (f->part) {
  case HEAD:
    if (byte == '\n') head_line(f);
    else keep(f, byte);
    break;
  case SIZE:
    if (byte == '\n') size_line(f);
    else if (f->size_length < sizeof f->size - 1) f->size[f->size_length++] = byte;
    break;
  case DATA:
    if (byte == '\n') event_line(f, received);
    else keep(f, byte);
    if (--f->left == 0) f->part = DATA_END;
    break;
  case DATA_END:
    if (byte == '\n') f->part = SIZE;
    break;
  case PLAIN:
    if (byte == '\n') event_line(f, received);
    else keep(f, byte);
    break;
  case OVER: break;
  }
}

/// 0 when the connection is to be closed.
static int read_some(struct follower *f) {
  static char bytes[1 << 18];
  ssize_t count = recv(f->fd, bytes, sizeof bytes, 0);
  if (count < 0 && errno == EAGAIN) return 1;
  if (count <= 0) {
    if (!f->done) early_ends++;
    return 0;
  }
  int64_t received = now_ns();
  for (ssize_t i = 0; i < count; i++) take(f, bytes[i], received);
  if (f->part != OVER) return 1;
  if (!f->done) early_ends++;
  return 0;
}

static long connect_all(int epoll, struct follower *all, long streams, int port, const char *path) {
  char request[1024];
  int length = snprintf(request, sizeof request,
                        "GET %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nAccept: text/event-stream\r\n\r\n", path, port);
  long open_streams = 0;
  for (long i = 0; i < streams; i++) {
    all[i].fd = connect_to(port);
    if (all[i].fd < 0 || send_all(all[i].fd, request, (size_t)length) != 0) {
      failed++;
      continue;
    }
    watch(epoll, EPOLL_CTL_ADD, all[i].fd, EPOLLIN, &all[i]);
    open_streams++;
    // A stream each 0.1 ms, so that their events do not come in one burst.
    nanosleep(&(struct timespec){.tv_nsec = 100000}, NULL);
  }
  return open_streams;
}

int main(int count, char **arguments) {
  if (count < 5) {
    fprintf(stderr, "usage: follow PORT PATH STREAMS SECONDS [WARM-UP]\n");
    return 2;
  }
  raise_descriptor_limit();
  long streams = atol(arguments[3]);
  double seconds = atof(arguments[4]), warm_up = count > 5 ? atof(arguments[5]) : 0.5;
  int epoll = epoll_create1(EPOLL_CLOEXEC);
  struct follower *all = allocate((size_t)streams, sizeof *all);
  counting_from = INT64_MAX;
  long open_streams = connect_all(epoll, all, streams, atoi(arguments[1]), arguments[2]);
  counting_from = now_ns() + (int64_t)(warm_up * 1e9);
  // The script reads the processor time of the server when counting begins.
  int told = 0;
  int64_t end = counting_from + (int64_t)(seconds * 1e9), last = 0;
  struct epoll_event ready[512];
  while (open_streams > 0 && (last = now_ns()) < end) {
    if (!told && last >= counting_from) {
      told = 1;
      printf("counting\n");
      fflush(stdout);
    }
    int64_t until = told ? end : counting_from;
    int found = epoll_wait(epoll, ready, 512, (int)((until - last) / 1000000) + 1);
    for (int i = 0; i < found; i++) {
      struct follower *f = ready[i].data.ptr;
      if (read_some(f)) continue;
      close(f->fd);
      open_streams--;
    }
  }
  printf("{\"streams\":%ld,\"seconds\":%.3f,\"events\":%ld,\"gaps\":%ld,\"repeats\":%ld,\"early_ends\":%ld,"
         "\"failed\":%ld,\"malformed\":%ld",
         streams, (double)(now_ns() - counting_from) / 1e9, events, gaps, repeats, early_ends, failed, malformed);
  print_latencies(&latencies);
  printf("}\n");
  return 0;
}
