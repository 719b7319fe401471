// agent: as much of `opencode serve` 1.x as a turn needs, as fast as it can be. A prompt that holds `bench n=N ms=M`
// is answered with N pieces of text, one every M milliseconds; each is the moment at which it was sent: `@NANOSECONDS `.
#include "common.h"
#include <sys/timerfd.h>

enum { MOST_SESSIONS = 1 << 16 };

struct client {
  int fd, follows, broken;
  struct bytes in, out;
};

struct turn {
  long session, user, answer, part; // numbers that ids are made of
  long pieces, sent;
  int64_t interval, due;
  char prompt_part[64];
  struct bytes text;
};

struct past {
  struct turn *turns;
  size_t count, room;
  int busy;
};

static int epoll_fd, timer_fd;
static long last_number = 0, last_session = 0;
static struct past sessions[MOST_SESSIONS];
static struct client *followers[64];
static size_t follower_count;
static int64_t heartbeat;
static long active[MOST_SESSIONS];
static size_t active_count;

static void flush_client(struct client *c) {
  size_t done = 0;
  while (done < c->out.count) {
    ssize_t count = send(c->fd, c->out.all + done, c->out.count - done, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (count < 0) {
      if (errno != EAGAIN) c->broken = 1;
      break;
    }
    done += (size_t)count;
  }
  memmove(c->out.all, c->out.all + done, c->out.count - done);
  c->out.count -= done;
  if (!c->broken) watch(epoll_fd, EPOLL_CTL_MOD, c->fd, c->out.count ? EPOLLIN | EPOLLOUT : EPOLLIN, c);
}

static void reply(struct client *c, const char *status, const char *json) {
  char head[256];
  size_t length = json ? strlen(json) : 0;
  int count = snprintf(head, sizeof head, "HTTP/1.1 %s\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n\r\n",
                       status, length);
  add(&c->out, head, (size_t)count);
  if (json) add(&c->out, json, length);
}

/// To everybody who follows; nothing is flushed before the loop's turn ends.
static void event(long session, const char *type, const char *format, ...) {
  static char properties[1 << 20], text[(1 << 20) + 512], size[32];
  va_list values;
  va_start(values, format);
  vsnprintf(properties, sizeof properties, format, values);
  va_end(values);
  int count = snprintf(text, sizeof text,
                       "data: {\"directory\":\"/bench\",\"payload\":{\"id\":\"evt_%026ld\",\"type\":\"%s\",\"properties\":"
                       "{\"sessionID\":\"ses_%026ld\",%s}}}\n\n",
                       ++last_number, type, session, properties);
  for (size_t i = 0; i < follower_count; i++) {
    add(&followers[i]->out, size, (size_t)snprintf(size, sizeof size, "%x\r\n", count));
    add(&followers[i]->out, text, (size_t)count);
    add(&followers[i]->out, "\r\n", 2);
  }
}

/// To one follower, of the server itself.
static void greet(struct client *c, const char *type) {
  char text[256], size[32];
  int count = snprintf(text, sizeof text, "data: {\"payload\":{\"id\":\"evt_%026ld\",\"type\":\"%s\",\"properties\":{}}}\n\n",
                       ++last_number, type);
  add(&c->out, size, (size_t)snprintf(size, sizeof size, "%x\r\n", count));
  add(&c->out, text, (size_t)count);
  add(&c->out, "\r\n", 2);
}

static void describe(struct turn *t, int is_over, char *text, size_t room) {
  long long now = (long long)time(NULL) * 1000;
  int count = snprintf(text, room,
                       "\"info\":{\"id\":\"msg_%026ld\",\"role\":\"assistant\",\"sessionID\":\"ses_%026ld\",\"parentID\":"
                       "\"msg_%026ld\",\"agent\":\"build\",\"mode\":\"build\",\"modelID\":\"m\",\"providerID\":\"bench\","
                       "\"cost\":0,\"tokens\":{\"input\":10,\"output\":%ld,\"reasoning\":0,\"cache\":{\"read\":0,"
                       "\"write\":0}},\"path\":{\"cwd\":\"/\",\"root\":\"/\"},\"time\":{\"created\":%lld",
                       t->answer, t->session, t->user, t->sent, now);
  snprintf(text + count, room - (size_t)count, is_over ? ",\"completed\":%lld},\"finish\":\"stop\"}" : "}}", now);
}

static void begin(struct turn *t) {
  char message[1024];
  long long now = (long long)time(NULL) * 1000;
  event(t->session, "message.updated",
        "\"info\":{\"id\":\"msg_%026ld\",\"role\":\"user\",\"sessionID\":\"ses_%026ld\",\"time\":{\"created\":%lld},"
        "\"agent\":\"build\",\"model\":{\"providerID\":\"bench\",\"modelID\":\"m\"}}",
        t->user, t->session, now);
  event(t->session, "message.part.updated",
        "\"part\":{\"id\":\"%s\",\"messageID\":\"msg_%026ld\",\"sessionID\":\"ses_%026ld\",\"type\":\"text\",\"text\":"
        "\"bench\"},\"time\":%lld",
        t->prompt_part, t->user, t->session, now);
  event(t->session, "session.updated",
        "\"info\":{\"id\":\"ses_%026ld\",\"slug\":\"s\",\"projectID\":\"global\",\"directory\":\"/bench\",\"title\":\"bench\","
        "\"version\":\"1.18.18\",\"time\":{\"created\":1,\"updated\":%lld}}",
        t->session, now);
  event(t->session, "session.status", "\"status\":{\"type\":\"busy\"}");
  describe(t, 0, message, sizeof message);
  event(t->session, "message.updated", "%s", message);
  event(t->session, "message.part.updated",
        "\"part\":{\"id\":\"prt_%026ld\",\"messageID\":\"msg_%026ld\",\"sessionID\":\"ses_%026ld\",\"type\":\"text\","
        "\"text\":\"\",\"time\":{\"start\":%lld}},\"time\":%lld",
        t->part, t->answer, t->session, now, now);
}

static void piece(struct turn *t) {
  char text[64];
  int count = snprintf(text, sizeof text, "@%lld ", (long long)now_ns());
  add(&t->text, text, (size_t)count);
  t->sent++;
  event(t->session, "message.part.delta",
        "\"messageID\":\"msg_%026ld\",\"partID\":\"prt_%026ld\",\"field\":\"text\",\"delta\":\"%s\"", t->answer, t->part,
        text);
}

static void finish(struct turn *t) {
  char message[1024];
  long long now = (long long)time(NULL) * 1000;
  event(t->session, "message.part.updated",
        "\"part\":{\"id\":\"prt_%026ld\",\"messageID\":\"msg_%026ld\",\"sessionID\":\"ses_%026ld\",\"type\":\"text\","
        "\"text\":\"%s\",\"time\":{\"start\":%lld,\"end\":%lld}},\"time\":%lld",
        t->part, t->answer, t->session, t->text.all, now, now, now);
  describe(t, 1, message, sizeof message);
  event(t->session, "message.updated", "%s", message);
  event(t->session, "session.status", "\"status\":{\"type\":\"idle\"}");
  event(t->session, "session.idle", "\"idle\":true");
  sessions[t->session].busy = 0;
}

static struct turn *newest(long session) { return &sessions[session].turns[sessions[session].count - 1]; }

static long number_after(const char *text, const char *word, long fallback) {
  const char *at = text ? strstr(text, word) : NULL;
  return at ? atol(at + strlen(word)) : fallback;
}

static void prompt(struct client *c, long session, const char *body) {
  const char *words = strstr(body, "bench n=");
  if (!words || session < 1 || session > last_session || sessions[session].busy) {
    reply(c, "400 Bad Request", "{\"name\":\"BadRequest\",\"data\":{\"message\":\"no words for the bench\"}}");
    return;
  }
  struct past *past = &sessions[session];
  if (past->count == past->room) {
    past->room = past->room ? past->room * 2 : 4;
    past->turns = realloc(past->turns, past->room * sizeof *past->turns);
    if (!past->turns) die("realloc");
  }
  struct turn *t = &past->turns[past->count++];
  memset(t, 0, sizeof *t);
  t->session = session;
  t->user = ++last_number;
  t->answer = ++last_number;
  t->part = ++last_number;
  t->pieces = number_after(words, "n=", 1);
  t->interval = number_after(words, "ms=", 1) * 1000000;
  add(&t->text, "", 0);
  const char *id = strstr(body, "\"id\":\"prt_");
  if (!id || sscanf(id, "\"id\":\"%63[a-zA-Z0-9_]", t->prompt_part) != 1) {
    snprintf(t->prompt_part, sizeof t->prompt_part, "prt_%026ld", ++last_number);
  }
  reply(c, "204 No Content", NULL);
  past->busy = 1;
  begin(t);
  // The first piece comes at once, so that what is measured up to it is nobody's pause.
  t->due = now_ns();
  active[active_count++] = session;
}

static void put_messages(struct client *c, long session) {
  struct bytes json = {0};
  char text[1024];
  add(&json, "[", 1);
  for (size_t i = 0; i < sessions[session].count; i++) {
    struct turn *t = &sessions[session].turns[i];
    int is_over = !sessions[session].busy || i + 1 < sessions[session].count;
    int count = snprintf(text, sizeof text,
                         "%s{\"info\":{\"id\":\"msg_%026ld\",\"role\":\"user\",\"sessionID\":\"ses_%026ld\",\"time\":"
                         "{\"created\":1}},\"parts\":[{\"id\":\"%s\",\"messageID\":\"msg_%026ld\",\"sessionID\":"
                         "\"ses_%026ld\",\"type\":\"text\",\"text\":\"bench\"}]},{",
                         i ? "," : "", t->user, t->session, t->prompt_part, t->user, t->session);
    add(&json, text, (size_t)count);
    describe(t, is_over, text, sizeof text);
    add(&json, text, strlen(text));
    count = snprintf(text, sizeof text,
                     ",\"parts\":[{\"id\":\"prt_%026ld\",\"messageID\":\"msg_%026ld\",\"sessionID\":\"ses_%026ld\","
                     "\"type\":\"text\",\"text\":\"",
                     t->part, t->answer, t->session);
    add(&json, text, (size_t)count);
    add(&json, t->text.all, t->text.count);
    add(&json, "\"}]}", 4);
  }
  add(&json, "]", 1);
  reply(c, "200 OK", json.all);
  free(json.all);
}

static void abort_turn(struct client *c, long session) {
  for (size_t i = 0; i < active_count; i++) {
    if (active[i] != session) continue;
    active[i] = active[--active_count];
    finish(newest(session));
    break;
  }
  reply(c, "200 OK", "true");
}

/// Of those that are at work.
static void put_status(struct client *c) {
  struct bytes json = {0};
  char text[128];
  add(&json, "{", 1);
  for (size_t i = 0; i < active_count; i++) {
    int count = snprintf(text, sizeof text, "%s\"ses_%026ld\":{\"type\":\"busy\"}", i ? "," : "", active[i]);
    add(&json, text, (size_t)count);
  }
  add(&json, "}", 1);
  reply(c, "200 OK", json.all);
  free(json.all);
}

static void put_session(struct client *c, long session) {
  char json[512];
  snprintf(json, sizeof json,
           "{\"id\":\"ses_%026ld\",\"slug\":\"s\",\"projectID\":\"global\",\"directory\":\"/bench\",\"title\":\"bench\","
           "\"version\":\"1.18.18\",\"time\":{\"created\":1,\"updated\":1}}",
           session);
  reply(c, "200 OK", json);
}

static void answer(struct client *c, const char *method, const char *path, const char *body) {
  long session = 0;
  const char *rest = "";
  if (sscanf(path, "/session/ses_%ld", &session) == 1) rest = path + strlen("/session/ses_") + 26;
  int is_post = strcmp(method, "POST") == 0;
  if (strncmp(path, "/global/event", 13) == 0) {
    const char *head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n";
    add(&c->out, head, strlen(head));
    greet(c, "server.connected");
    c->follows = 1;
    if (follower_count < 64) followers[follower_count++] = c;
  } else if (strncmp(path, "/global/health", 14) == 0) {
    reply(c, "200 OK", "{\"healthy\":true,\"version\":\"1.18.18\"}");
  } else if (is_post && (strcmp(path, "/session") == 0 || strncmp(path, "/session?", 9) == 0)) {
    if (last_session + 1 == MOST_SESSIONS) {
      fprintf(stderr, "agent: too many sessions\n");
      exit(1);
    }
    put_session(c, ++last_session);
  } else if (strncmp(path, "/session/status", 15) == 0) {
    put_status(c);
  } else if (session > last_session || (session == 0 && strncmp(path, "/session/", 9) == 0)) {
    reply(c, "404 Not Found", "{\"name\":\"NotFoundError\",\"data\":{\"message\":\"Session not found\"}}");
  } else if (session && strncmp(rest, "/prompt_async", 13) == 0) {
    prompt(c, session, body);
  } else if (session && strncmp(rest, "/message", 8) == 0) {
    put_messages(c, session);
  } else if (session && strncmp(rest, "/abort", 6) == 0) {
    abort_turn(c, session);
  } else if (session && strncmp(rest, "/fork", 5) == 0) {
    put_session(c, ++last_session);
  } else if (session && strncmp(rest, "/children", 9) == 0) {
    reply(c, "200 OK", "[]");
  } else if (session) {
    put_session(c, session);
  } else if (strncmp(path, "/agent", 6) == 0) {
    reply(c, "200 OK", "[{\"name\":\"build\",\"mode\":\"primary\"},{\"name\":\"plan\",\"mode\":\"primary\"}]");
  } else if (strncmp(path, "/permission", 11) == 0 || strncmp(path, "/question", 9) == 0) {
    reply(c, "200 OK", "[]");
  } else if (strncmp(path, "/instance/dispose", 17) == 0) {
    reply(c, "200 OK", "true");
  } else {
    reply(c, "200 OK", "{}");
  }
}

/// 1 when a whole request was there.
static int take_request(struct client *c) {
  if (!c->in.count) return 0;
  char *end = strstr(c->in.all, "\r\n\r\n");
  if (!end) return 0;
  char *length = strcasestr(c->in.all, "\r\ncontent-length:");
  size_t body = length && length < end ? strtoul(length + 17, NULL, 10) : 0;
  size_t head = (size_t)(end - c->in.all) + 4;
  if (c->in.count < head + body) return 0;
  char method[16], path[2048];
  char after = c->in.all[head + body];
  c->in.all[head + body] = 0;
  if (sscanf(c->in.all, "%15s %2047s", method, path) == 2) answer(c, method, path, c->in.all + head);
  else c->broken = 1;
  c->in.all[head + body] = after;
  memmove(c->in.all, c->in.all + head + body, c->in.count - head - body + 1);
  c->in.count -= head + body;
  return 1;
}

static void read_client(struct client *c) {
  static char bytes[1 << 18];
  ssize_t count = recv(c->fd, bytes, sizeof bytes, 0);
  if (count <= 0) {
    if (count == 0 || errno != EAGAIN) c->broken = 1;
    return;
  }
  add(&c->in, bytes, (size_t)count);
  while (!c->broken && !c->follows && take_request(c)) {}
  flush_client(c);
}

static void close_client(struct client *c) {
  for (size_t i = 0; i < follower_count; i++) {
    if (followers[i] == c) followers[i--] = followers[--follower_count];
  }
  close(c->fd);
  free(c->in.all);
  free(c->out.all);
  free(c);
}

static void accept_all(int listener) {
  int fd;
  while ((fd = accept_next(listener)) >= 0) {
    struct client *c = allocate(1, sizeof *c);
    c->fd = fd;
    watch(epoll_fd, EPOLL_CTL_ADD, fd, EPOLLIN, c);
  }
}

/// What is due is said, and the timer set for what is due next.
static void speak(void) {
  int64_t now = now_ns();
  if (heartbeat <= now) {
    for (size_t i = 0; i < follower_count; i++) greet(followers[i], "server.heartbeat");
    heartbeat = now + 10000000000;
  }
  int64_t next = heartbeat;
  for (size_t i = 0; i < active_count; i++) {
    struct turn *t = newest(active[i]);
    if (t->due <= now && t->sent == t->pieces) {
      active[i--] = active[--active_count];
      finish(t);
      continue;
    }
    if (t->due <= now) {
      piece(t);
      t->due += t->interval;
    }
    if (t->due < next) next = t->due;
  }
  for (size_t i = 0; i < follower_count; i++) {
    struct client *c = followers[i];
    if (c->out.count) flush_client(c);
    if (c->broken) {
      close_client(c);
      i--;
    }
  }
  struct itimerspec when = {0};
  when.it_value.tv_sec = next / 1000000000;
  when.it_value.tv_nsec = next % 1000000000;
  timerfd_settime(timer_fd, TFD_TIMER_ABSTIME, &when, NULL);
}

int main(int count, char **arguments) {
  raise_descriptor_limit();
  int listener = listen_on(count, arguments);
  epoll_fd = epoll_create1(EPOLL_CLOEXEC);
  timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
  watch(epoll_fd, EPOLL_CTL_ADD, listener, EPOLLIN, &listener);
  watch(epoll_fd, EPOLL_CTL_ADD, timer_fd, EPOLLIN, &timer_fd);
  struct epoll_event events[512];
  speak();
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
        struct client *c = owner;
        if (events[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR)) read_client(c);
        if (!c->broken && events[i].events & EPOLLOUT) flush_client(c);
        if (c->broken) close_client(c);
      }
    }
    speak();
  }
}
