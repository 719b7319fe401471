// talk chat|agent PORT STREAMS TURNS PIECES MS [SPREAD-MS]: conversations with `agent`, through the chat door or with
// itself, and one JSON object: time from a prompt to its first piece, and from each piece's moment to its arrival.
// Each stream is a chat of its own that sends its history, as clients do; turns follow each other.
#include "common.h"

enum part { HEAD, BODY, SIZE, DATA, DATA_END };

struct talker {
  int fd, is_chunked, is_over; // over: the answer to the request that is under way
  enum part part;
  long number, turn, pieces;
  size_t left;
  int64_t start, asked;
  struct bytes line, answer, history;
  char session[64];
};

static int to_agent, port, epoll_fd;
static long turns, pieces, pause_ms, streams, done, failed, lost;
static struct talker *all, events;
static struct latencies first_of_chat, first, relayed;

static void add_text(struct bytes *to, const char *text) { add(to, text, strlen(text)); }

static void say(struct talker *t, const char *path, const char *body) {
  struct bytes request = {0};
  char head[512];
  int count = snprintf(head, sizeof head,
                       "POST %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nContent-Type: application/json\r\n"
                       "X-OpenWebUI-Chat-Id: chat-%ld-%lld\r\nX-OpenWebUI-User-Id: user-%ld\r\n"
                       "Content-Length: %zu\r\n\r\n",
                       path, port, t->number, (long long)getpid(), t->number % 10, strlen(body));
  add(&request, head, (size_t)count);
  add_text(&request, body);
  t->part = HEAD;
  t->is_chunked = t->is_over = 0;
  t->line.count = 0;
  if (send_all(t->fd, request.all, request.count) != 0) die("send");
  free(request.all);
}

static void ask(struct talker *t) {
  char text[256];
  t->pieces = 0;
  t->answer.count = 0;
  t->asked = now_ns();
  if (to_agent) {
    char path[128];
    snprintf(path, sizeof path, "/session/%s/prompt_async", t->session);
    snprintf(text, sizeof text, "{\"parts\":[{\"type\":\"text\",\"text\":\"bench n=%ld ms=%ld\"}]}", pieces, pause_ms);
    say(t, path, text);
    return;
  }
  struct bytes body = {0};
  add_text(&body, "{\"model\":\"open-persona/build\",\"stream\":true,\"messages\":[");
  snprintf(text, sizeof text, "{\"role\":\"user\",\"content\":\"bench n=%ld ms=%ld turn %ld\"}", pieces, pause_ms,
           t->turn);
  if (t->history.count) add(&body, t->history.all, t->history.count);
  add_text(&body, text);
  add_text(&t->history, text);
  add_text(&body, "]}");
  say(t, "/v1/chat/completions", body.all);
  free(body.all);
}

static void begin(struct talker *t) {
  if (to_agent) say(t, "/session", "{}");
  else ask(t);
}

static void fail(const char *what, const char *line) {
  if (failed++ < 3) fprintf(stderr, "talk: %s: %.300s\n", what, line);
}

static void end_turn(struct talker *t) {
  lost += pieces - t->pieces;
  if (++t->turn == turns) {
    done++;
    return;
  }
  if (!to_agent) {
    add_text(&t->history, ",{\"role\":\"assistant\",\"content\":\"");
    add(&t->history, t->answer.all, t->answer.count);
    add_text(&t->history, "\"},");
  }
  ask(t);
}

static void take_piece(struct talker *t, const char *at, int64_t received) {
  const char *end = strchr(at, '"');
  if (!end) return;
  // Several pieces may have been put together.
  for (const char *piece = at; piece && piece < end; piece = strchr(piece + 1, '@')) {
    if (piece >= end) break;
    if (t->pieces++ == 0) record(t->turn ? &first : &first_of_chat, received - t->asked);
    record(&relayed, received - atoll(piece + 1));
  }
  add(&t->answer, at, (size_t)(end - at));
}

static void event_line(int64_t received, const char *line) {
  const char *session = strstr(line, "\"sessionID\":\"");
  if (!session) return;
  struct talker *t = NULL;
  for (long i = 0; i < streams && !t; i++) {
    if (*all[i].session && strncmp(session + 13, all[i].session, strlen(all[i].session)) == 0) t = &all[i];
  }
  if (!t) return;
  const char *piece = strstr(line, "\"delta\":\"@");
  if (piece) take_piece(t, piece + 9, received);
  else if (strstr(line, "\"type\":\"session.idle\"")) end_turn(t);
}

static void take_line(struct talker *t, int64_t received) {
  char *line = t->line.all;
  if (t == &events) {
    event_line(received, line);
  } else if (to_agent) {
    char *id = strstr(line, "\"id\":\"ses_");
    if (id && !*t->session) {
      sscanf(id, "\"id\":\"%63[a-zA-Z0-9_]", t->session);
      ask(t);
    }
  } else {
    char *piece = strstr(line, "\"content\":\"@");
    if (piece) take_piece(t, piece + 11, received);
    else if (strncmp(line, "data: [DONE]", 12) == 0) t->is_over = 1;
    else if (strstr(line, "\"error\"")) fail("an error", line);
  }
}

static void head_line(struct talker *t) {
  char *line = t->line.all;
  if (strncmp(line, "HTTP/", 5) == 0 && !strstr(line, " 200") && !strstr(line, " 204")) fail("refused", line);
  if (strncasecmp(line, "transfer-encoding: chunked", 26) == 0) t->is_chunked = 1;
  if (strncasecmp(line, "content-length:", 15) == 0) t->left = strtoul(line + 15, NULL, 10);
  if (t->line.count > 1) return;
  t->part = t->is_chunked ? SIZE : BODY;
}

static void take(struct talker *t, char byte, int64_t received) {
  int is_end = byte == '\n';
  if (!is_end && t->part != DATA_END) add(&t->line, &byte, 1);
  if (t->part == BODY && --t->left == 0) is_end = 1;
  if (t->part == DATA && --t->left == 0) {
    if (is_end && t->line.count) {
      take_line(t, received);
      t->line.count = 0;
    }
    t->part = DATA_END;
    return;
  }
  if (!is_end) return;
  enum part part = t->part;
  if (part == HEAD) head_line(t);
  if (part == SIZE) t->part = (t->left = strtoul(t->line.all, NULL, 16)) ? DATA : DATA_END;
  if (part == DATA_END) t->part = SIZE;
  if ((part == DATA || part == BODY) && t->line.count) take_line(t, received);
  if (t->part != DATA_END) t->line.count = 0;
}

static void read_some(struct talker *t) {
  static char bytes[1 << 18];
  ssize_t count = recv(t->fd, bytes, sizeof bytes, 0);
  if (count < 0 && errno == EAGAIN) return;
  if (count <= 0) {
    fail("the connection ended", t->line.all ? t->line.all : "");
    close(t->fd);
    t->fd = -1;
    done++;
    return;
  }
  int64_t received = now_ns();
  for (ssize_t i = 0; i < count; i++) take(t, bytes[i], received);
  // A whole answer ends with an empty chunk, and the next request may then be sent.
  if (!to_agent && t->is_over && count >= 5 && memcmp(bytes + count - 5, "0\r\n\r\n", 5) == 0) end_turn(t);
}

static void connect_talker(struct talker *t) {
  t->fd = connect_to(port);
  if (t->fd < 0) die("connect");
  watch(epoll_fd, EPOLL_CTL_ADD, t->fd, EPOLLIN, t);
}

int main(int count, char **arguments) {
  if (count < 7) {
    fprintf(stderr, "talk chat|agent PORT STREAMS TURNS PIECES MS [SPREAD-MS]\n");
    return 2;
  }
  raise_descriptor_limit();
  to_agent = strcmp(arguments[1], "agent") == 0;
  port = atoi(arguments[2]);
  streams = atol(arguments[3]);
  turns = atol(arguments[4]);
  pieces = atol(arguments[5]);
  pause_ms = atol(arguments[6]);
  int64_t spread = (count > 7 ? atol(arguments[7]) : 1000) * 1000000;
  epoll_fd = epoll_create1(EPOLL_CLOEXEC);
  all = allocate((size_t)streams, sizeof *all);
  if (to_agent) {
    connect_talker(&events);
    const char *follow = "GET /global/event HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n";
    if (send_all(events.fd, follow, strlen(follow)) != 0) die("send");
  }
  int64_t now = now_ns();
  for (long i = 0; i < streams; i++) {
    all[i].number = i;
    all[i].start = now + spread * i / streams;
    connect_talker(&all[i]);
  }
  printf("counting\n");
  fflush(stdout);
  int64_t end = now + 600000000000;
  long begun = 0;
  struct epoll_event ready[512];
  while (done < streams && now_ns() < end) {
    int wait = 100;
    if (begun < streams) {
      int64_t left = all[begun].start - now_ns();
      if (left <= 0) {
        begin(&all[begun++]);
        continue;
      }
      wait = (int)(left / 1000000);
    }
    int found = epoll_wait(epoll_fd, ready, 512, wait);
    for (int i = 0; i < found; i++) read_some(ready[i].data.ptr);
  }
  struct latencies *what[] = {&first_of_chat, &first, &relayed};
  const char *names[] = {"first_of_chat", "first", "relayed"};
  printf("{\"streams\":%ld,\"done\":%ld,\"failed\":%ld,\"lost\":%ld,\"seconds\":%.3f", streams, done, failed, lost,
         (double)(now_ns() - now) / 1e9);
  for (int i = 0; i < 3; i++) {
    printf(",\"%s\":{\"count\":%zu", names[i], what[i]->count);
    print_latencies(what[i]);
    printf("}");
  }
  printf("}\n");
  return done == streams ? 0 : 1;
}
