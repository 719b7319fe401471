// ask PORT PATH CONNECTIONS SECONDS [WARM-UP]: requests over kept connections, one after the other on each, and
// prints one JSON object. The next request leaves when the answer to the last one is complete.
#include "common.h"

struct asker {
  int fd, is_last; // the server said that it closes after this answer
  int64_t asked;
  size_t length; // of what has come of the answer
  char answer[16384];
};

static char request[1024];
static size_t request_length;
static struct latencies latencies;
static long answers, errors;
static int64_t counting_from;

/// The length of the whole answer, 0 when its head is not complete, -1 when it is none.
static long answer_length(struct asker *a) {
  a->answer[a->length] = 0;
  char *end = strstr(a->answer, "\r\n\r\n");
  if (!end) return a->length < sizeof a->answer - 1 ? 0 : -1;
  if (strncmp(a->answer, "HTTP/1.1 200", 12) != 0) return -1;
  char *field = strcasestr(a->answer, "\r\ncontent-length:");
  if (!field || field > end) return -1;
  char *closing = strcasestr(a->answer, "\r\nconnection: close");
  a->is_last = closing && closing < end;
  return (end - a->answer) + 4 + atol(field + 17);
}

static int ask(struct asker *a) {
  a->length = 0;
  a->asked = now_ns();
  return send_all(a->fd, request, request_length);
}

/// 0 when the connection is useless: closed, after the last answer or before, or broken.
static int read_answer(struct asker *a) {
  ssize_t count = recv(a->fd, a->answer + a->length, sizeof a->answer - 1 - a->length, 0);
  if (count < 0 && errno == EAGAIN) return 1;
  if (count <= 0) return 0;
  a->length += (size_t)count;
  long wanted = answer_length(a);
  if (wanted == 0 || (wanted > 0 && (size_t)wanted > a->length)) return 1;
  if (wanted != (long)a->length) return 0;
  if (a->asked >= counting_from) {
    answers++;
    record(&latencies, now_ns() - a->asked);
  }
  return !a->is_last && ask(a) == 0;
}

static int start(struct asker *a, int epoll, int port) {
  a->fd = connect_to(port);
  if (a->fd < 0) return 0;
  watch(epoll, EPOLL_CTL_ADD, a->fd, EPOLLIN, a);
  return ask(a) == 0;
}

int main(int count, char **arguments) {
  if (count < 5) {
    fprintf(stderr, "usage: ask PORT PATH CONNECTIONS SECONDS [WARM-UP]\n");
    return 2;
  }
  raise_descriptor_limit();
  int port = atoi(arguments[1]);
  long connections = atol(arguments[3]);
  double seconds = atof(arguments[4]), warm_up = count > 5 ? atof(arguments[5]) : 0.3;
  request_length = (size_t)snprintf(request, sizeof request, "GET %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n\r\n",
                                    arguments[2], port);
  int epoll = epoll_create1(EPOLL_CLOEXEC);
  struct asker *all = allocate((size_t)connections, sizeof *all);
  counting_from = INT64_MAX;
  for (long i = 0; i < connections; i++) errors += !start(&all[i], epoll, port);
  counting_from = now_ns() + (int64_t)(warm_up * 1e9);
  int64_t end = counting_from + (int64_t)(seconds * 1e9), now;
  int told = 0;
  struct epoll_event ready[256];
  while ((now = now_ns()) < end && errors < connections + 100) {
    if (!told && now >= counting_from) {
      told = 1;
      printf("counting\n");
      fflush(stdout);
    }
    int found = epoll_wait(epoll, ready, 256, 50);
    for (int i = 0; i < found; i++) {
      struct asker *a = ready[i].data.ptr;
      if (read_answer(a)) continue;
      close(a->fd);
      // A server may end a connection after so many requests, if it says so: then only the new one costs time.
      errors += !a->is_last;
      a->is_last = 0;
      if (!start(a, epoll, port)) errors++;
    }
  }
  printf("{\"connections\":%ld,\"seconds\":%.3f,\"answers\":%ld,\"errors\":%ld", connections,
         (double)(now_ns() - counting_from) / 1e9, answers, errors);
  print_latencies(&latencies);
  printf("}\n");
  return 0;
}
