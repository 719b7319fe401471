// source: an event stream server. GET /sse?n=EVENTS&ms=INTERVAL&size=PADDING
// Each event bears its number and the moment at which it was sent: data: {"s":0,"t":123,"x":"…"}
#include "common.h"
#include <sys/timerfd.h>

struct stream {
  int fd;
  int active, broken;
  long events, sent, size;
  int64_t interval, due;
  long place; // in the heap; -1 when it is not there
  char request[2048];
  size_t request_length;
  char *unsent;
  size_t unsent_length, unsent_room;
};

static int epoll_fd, timer_fd;
static struct stream **heap;
static long heap_count, heap_room;
static char padding[65536];

static void swap_places(long a, long b) {
  struct stream *other = heap[a];
  heap[a] = heap[b];
  heap[b] = other;
  heap[a]->place = a;
  heap[b]->place = b;
}

static void rise(long place) {
  for (; place > 0 && heap[place]->due < heap[(place - 1) / 2]->due; place = (place - 1) / 2) {
    swap_places(place, (place - 1) / 2);
  }
}

static void sink(long place) {
  for (;;) {
    long smallest = place;
    for (long child = 2 * place + 1; child <= 2 * place + 2 && child < heap_count; child++) {
      if (heap[child]->due < heap[smallest]->due) smallest = child;
    }
    if (smallest == place) return;
    swap_places(place, smallest);
    place = smallest;
  }
}

static void schedule(struct stream *s) {
  if (heap_count == heap_room) {
    heap_room = heap_room ? heap_room * 2 : 1024;
    heap = realloc(heap, (size_t)heap_room * sizeof *heap);
    if (!heap) die("realloc");
  }
  s->place = heap_count;
  heap[heap_count++] = s;
  rise(s->place);
}

static void unschedule(struct stream *s) {
  long place = s->place;
  if (place < 0) return;
  swap_places(place, --heap_count);
  s->place = -1;
  if (place < heap_count) {
    rise(place);
    sink(place);
  }
}

static void flush_stream(struct stream *s) {
  size_t done = 0;
  while (done < s->unsent_length) {
    ssize_t count = send(s->fd, s->unsent + done, s->unsent_length - done, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (count < 0) {
      if (errno != EAGAIN) s->broken = 1;
      break;
    }
    done += (size_t)count;
  }
  memmove(s->unsent, s->unsent + done, s->unsent_length - done);
  s->unsent_length -= done;
  if (s->broken) return;
  int has_more = s->unsent_length || (s->active && !s->interval);
  watch(epoll_fd, EPOLL_CTL_MOD, s->fd, has_more ? EPOLLIN | EPOLLOUT : EPOLLIN, s);
}

// A reader that is a megabyte behind is given up: the client counts that as an early end.
static void put(struct stream *s, const char *bytes, size_t count) {
  if (s->unsent_length + count > 1 << 20) {
    s->broken = 1;
    return;
  }
  if (s->unsent_length + count > s->unsent_room) {
    s->unsent_room = (s->unsent_length + count) * 2;
    s->unsent = realloc(s->unsent, s->unsent_room);
    if (!s->unsent) die("realloc");
  }
  memcpy(s->unsent + s->unsent_length, bytes, count);
  s->unsent_length += count;
}

static void put_chunk(struct stream *s, const char *text, size_t count) {
  char head[32];
  put(s, head, (size_t)snprintf(head, sizeof head, "%zx\r\n", count));
  put(s, text, count);
  put(s, "\r\n", 2);
}

static void put_event(struct stream *s) {
  static char text[70000];
  int count = snprintf(text, sizeof text, "data: {\"s\":%ld,\"t\":%lld,\"x\":\"%.*s\"}\n\n", s->sent,
                       (long long)now_ns(), (int)s->size, padding);
  put_chunk(s, text, (size_t)count);
  s->sent++;
  if (s->sent < s->events) return;
  put_chunk(s, "data: [DONE]\n\n", 14);
  put(s, "0\r\n\r\n", 5);
  s->active = 0;
}

static long parameter(const char *query, const char *name, long fallback) {
  char key[16];
  size_t length = (size_t)snprintf(key, sizeof key, "%s=", name);
  for (const char *at = strpbrk(query, "?&"); at && at < strpbrk(query, "\r\n"); at = strpbrk(at + 1, "?&\r")) {
    if (strncmp(at + 1, key, length) == 0) return atol(at + 1 + length);
  }
  return fallback;
}

static void begin(struct stream *s) {
  char *space = strchr(s->request, ' ');
  s->events = parameter(space ? space : s->request, "n", 10);
  s->interval = parameter(space ? space : s->request, "ms", 0) * 1000000;
  s->size = parameter(space ? space : s->request, "size", 16);
  if (s->size < 0 || s->size > (long)sizeof padding) s->size = 16;
  s->sent = 0;
  s->active = 1;
  s->request_length = 0;
  const char *head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nCache-Control: no-cache\r\n"
                     "Transfer-Encoding: chunked\r\n\r\n";
  put(s, head, strlen(head));
  if (s->interval) {
    s->due = now_ns() + s->interval;
    schedule(s);
  }
}

// Without an interval: as fast as the reader takes it, 64 KB at a time.
static void fill(struct stream *s) {
  while (s->active && !s->interval && !s->broken && s->unsent_length < 65536) put_event(s);
  if (!s->broken) flush_stream(s);
}

static void read_request(struct stream *s) {
  ssize_t count = recv(s->fd, s->request + s->request_length, sizeof s->request - 1 - s->request_length, 0);
  if (count <= 0) {
    if (count == 0 || errno != EAGAIN) s->broken = 1;
    return;
  }
  s->request_length += (size_t)count;
  s->request[s->request_length] = 0;
  if (s->active) {
    s->request_length = 0;
  } else if (strstr(s->request, "\r\n\r\n")) {
    begin(s);
    fill(s);
  } else if (s->request_length == sizeof s->request - 1) {
    s->broken = 1;
  }
}

static void close_stream(struct stream *s) {
  unschedule(s);
  close(s->fd);
  free(s->unsent);
  free(s);
}

static void accept_all(int listener) {
  int fd;
  while ((fd = accept_next(listener)) >= 0) {
    struct stream *s = allocate(1, sizeof *s);
    s->fd = fd;
    s->place = -1;
    watch(epoll_fd, EPOLL_CTL_ADD, fd, EPOLLIN, s);
  }
}

static void send_due(void) {
  int64_t now = now_ns();
  while (heap_count && heap[0]->due <= now) {
    struct stream *s = heap[0];
    unschedule(s);
    put_event(s);
    if (!s->broken) flush_stream(s);
    if (s->broken) {
      close_stream(s);
    } else if (s->active) {
      s->due += s->interval;
      schedule(s);
    }
  }
  struct itimerspec when = {0};
  if (heap_count) {
    when.it_value.tv_sec = heap[0]->due / 1000000000;
    when.it_value.tv_nsec = heap[0]->due % 1000000000;
  }
  timerfd_settime(timer_fd, TFD_TIMER_ABSTIME, &when, NULL);
}

int main(int count, char **arguments) {
  raise_descriptor_limit();
  memset(padding, 'x', sizeof padding);
  int listener = listen_on(count, arguments);
  epoll_fd = epoll_create1(EPOLL_CLOEXEC);
  timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
  watch(epoll_fd, EPOLL_CTL_ADD, listener, EPOLLIN, &listener);
  watch(epoll_fd, EPOLL_CTL_ADD, timer_fd, EPOLLIN, &timer_fd);
  struct epoll_event events[512];
  for (;;) {
    int ready = epoll_wait(epoll_fd, events, 512, -1);
    for (int i = 0; i < ready; i++) {
      void *owner = events[i].data.ptr;
      if (owner == &listener) {
        accept_all(listener);
      } else if (owner == &timer_fd) {
        uint64_t expirations;
        if (read(timer_fd, &expirations, sizeof expirations) < 0 && errno != EAGAIN) die("timerfd");
      } else {
        struct stream *s = owner;
        if (events[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR)) read_request(s);
        if (!s->broken && events[i].events & EPOLLOUT) fill(s);
        if (s->broken) close_stream(s);
      }
    }
    send_due();
  }
}
