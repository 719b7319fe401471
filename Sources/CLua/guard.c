// Time slices. While Lua runs, a timer ticks on its thread; the tick's signal handler notices when the same entry has
// been running for a slice and sets a hook, which pauses the coroutine or ends the call. A script that behaves pays
// nothing. All times are the thread's CPU time: a machine that is busy elsewhere must not end anybody's call.
#define _GNU_SOURCE
#include "internal.h"
#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#if defined(CLUA_THREAD_SANITIZER) || defined(__SANITIZE_THREAD__)
#define COUNTS 1 // the thread sanitizer delays signals: there, a count hook reads the clock instead
#else
#define COUNTS 0
#endif

#define TICK 1000000
#define COUNT_EVERY 1000
#define DEEPEST 50000 // beyond it, a look at the stack would itself take milliseconds

static __thread struct guard {
  lua_State *volatile running;
  clua_call *volatile call;
  volatile unsigned entry, seen; // entries so far, and the one that the last tick saw
  volatile int64_t since, last;  // CPU time at which the entry was first seen, and of the last tick
  volatile int armed;
  timer_t timer;
} guard;

static pthread_key_t guard_key;
static pthread_once_t guard_once = PTHREAD_ONCE_INIT;

static int64_t cpu_now(void) {
  struct timespec t;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static void on_hook(lua_State *L, lua_Debug *at);

void clua_arm_hook(lua_State *L) { lua_sethook(L, on_hook, LUA_MASKCOUNT, 1); }

static void disarm_hook(lua_State *L) {
  if (COUNTS) lua_sethook(L, on_hook, LUA_MASKCOUNT, COUNT_EVERY);
  else if (lua_gethookmask(L)) lua_sethook(L, NULL, 0, 0);
}

// The timer

static void set_timer(struct guard *g, long interval) {
  struct itimerspec every = {{0, interval}, {0, interval}};
  g->armed = interval != 0;
  timer_settime(g->timer, 0, &every, NULL);
}

static void on_tick(int signal) {
  (void)signal;
  struct guard *g = &guard;
  int saved = errno;
  int64_t now = cpu_now();
  lua_State *L = g->running;
  clua_call *call = g->call;
  if (g->seen != g->entry) {
    g->seen = g->entry;
    g->since = now;
    if (L && call) call->ran += TICK / 2;
  } else if (!L) {
    set_timer(g, 0);
  } else if (call) {
    call->ran += now - g->last;
  }
  if (L && call) {
    const clua_limits *limits = &call->state->limits;
    if (now - g->since >= limits->slice || call->ran >= call->may_run) clua_arm_hook(L);
  }
  g->last = now;
  errno = saved;
}

static int tick_signal(void) { return SIGRTMIN + 7; }

static void end_guard(void *made) {
  (void)made;
  timer_delete(guard.timer);
}

static void prepare_process(void) {
  pthread_key_create(&guard_key, end_guard);
  struct sigaction action;
  memset(&action, 0, sizeof action);
  action.sa_handler = on_tick;
  action.sa_flags = SA_RESTART;
  sigaction(tick_signal(), &action, NULL);
}

static void arm_timer(struct guard *g) {
  pthread_once(&guard_once, prepare_process);
  if (!pthread_getspecific(guard_key)) {
    struct sigevent event;
    memset(&event, 0, sizeof event);
    event.sigev_notify = SIGEV_THREAD_ID;
    event.sigev_signo = tick_signal();
    event._sigev_un._tid = (pid_t)syscall(SYS_gettid);
    clua_check(timer_create(CLOCK_MONOTONIC, &event, &g->timer) == 0, "the kernel gives no timer");
    pthread_setspecific(guard_key, g);
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, tick_signal());
    pthread_sigmask(SIG_UNBLOCK, &set, NULL);
  }
  set_timer(g, TICK);
}

// Entries

lua_State *clua_running(void) { return guard.running; }

void clua_set_running(lua_State *L) {
  guard.running = L;
  clua_state *st = state_of(L);
  if (st->current && (st->current->doomed || st->used > st->limits.memory)) clua_arm_hook(L);
}

void clua_enter(clua_call *call, lua_State *co, clua_outer *outer) {
  struct guard *g = &guard;
  clua_state *st = call->state;
  *outer = (clua_outer){g->running, g->call, st->current, st->barrier};
  st->current = call;
  st->barrier = 0;
  st->depth++;
  if (!g->running) {
    g->entry++;
    if (COUNTS) {
      g->seen = g->entry;
      g->since = g->last = cpu_now();
    }
  }
  g->call = call;
  g->running = co;
  if (COUNTS) lua_sethook(co, on_hook, LUA_MASKCOUNT, COUNT_EVERY);
  else if (!g->armed) arm_timer(g);
  clua_set_running(co);
}

void clua_leave(clua_call *call, lua_State *co, const clua_outer *outer) {
  struct guard *g = &guard;
  clua_state *st = call->state;
  if (COUNTS) call->ran += cpu_now() - g->last;
  g->call = outer->call;
  g->running = outer->running;
  st->current = outer->current;
  st->barrier = outer->barrier;
  st->depth--;
  if (lua_gethookmask(co)) lua_sethook(co, NULL, 0, 0);
  if (outer->running) clua_set_running(outer->running);
}

// Decisions

int clua_can_yield(lua_State *L) { return lua_isyieldable(L) && state_of(L)->barrier == 0; }

void clua_doom(clua_call *call, int kind, lua_State *L, const char *format, ...) {
  if (call->doomed) return;
  call->doomed = kind;
  clua_place(L, call->script, sizeof call->script, &call->line);
  int used = 0;
  if (call->line) used = snprintf(call->doom, sizeof call->doom, "%s:%d: ", call->script, call->line);
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(call->doom + used, sizeof call->doom - (size_t)used, format, arguments);
  va_end(arguments);
}

// Over its memory: collect in small steps; two finished cycles prove that what is left is alive.
static enum verdict relieve(lua_State *L, clua_state *st, clua_call *call, int may_pause) {
  int64_t until = cpu_now() + st->limits.slice;
  while (st->used > st->limits.memory && st->cycles < 2) {
    if (lua_gc(L, LUA_GCSTEP, 0)) st->cycles++;
    if (cpu_now() < until) continue;
    if (may_pause) return PAUSE;
    until = INT64_MAX; // it cannot pause: finish, rather than end what might be innocent
  }
  int cycles = st->cycles;
  st->cycles = 0;
  if (st->used <= st->limits.memory || cycles < 2) return GO;
  clua_doom(call, CLUA_KIND_MEMORY, L, "the scripts hold more than %d MB of memory", (int)(st->limits.memory >> 20));
  return END;
}

enum verdict clua_verdict(lua_State *L, int may_pause) {
  clua_state *st = state_of(L);
  clua_call *call = st->current;
  struct guard *g = &guard;
  if (!call) return GO;
  if (call->doomed) return END;
  may_pause = may_pause && (call->flags & CLUA_MAY_WAIT) && !call->closing && clua_can_yield(L);
  if (st->used > st->limits.memory && !call->closing) {
    enum verdict verdict = relieve(L, st, call, may_pause);
    if (verdict != GO) return verdict;
  }
  if (COUNTS) {
    int64_t now = cpu_now();
    call->ran += now - g->last;
    g->last = now;
  }
  const clua_limits *limits = &st->limits;
  if (call->ran >= call->may_run && !call->closing) {
    clua_doom(call, CLUA_KIND_TIME, L, "ran for %d ms of computing time", (int)(call->may_run / 1000000));
    return END;
  }
  if (g->seen != g->entry) return GO;
  int64_t over = cpu_now() - g->since;
  if (over < limits->slice) return GO;
  lua_Debug at;
  if (lua_getstack(L, DEEPEST, &at)) {
    clua_doom(call, CLUA_KIND_MEMORY, L, "stack overflow: more than %d calls inside each other", DEEPEST);
    return END;
  }
  if (may_pause) return PAUSE;
  if (over < limits->patience) return GO;
  clua_doom(call, CLUA_KIND_TIME, L, "ran for %d ms without a point at which others could run",
            (int)(limits->patience / 1000000));
  return END;
}

int clua_raise_doom(lua_State *L) {
  clua_state *st = state_of(L);
  if (!lua_checkstack(L, 2)) return 0;
  lua_pushstring(L, st->current->doom);
  clua_special(L, st->current->doomed);
  clua_arm_hook(L); // again at once, should a pcall catch it
  return lua_error(L);
}

static void on_hook(lua_State *L, lua_Debug *at) {
  (void)at;
  clua_state *st = state_of(L);
  disarm_hook(L);
  switch (clua_verdict(L, 1)) {
  case GO: return;
  case PAUSE:
    st->yielded = BY_SLICE;
    lua_yield(L, 0);
    return;
  case END:
    // By yielding for ever, which no pcall can catch, where that is possible.
    if (!clua_can_yield(L) || st->current->closing) clua_raise_doom(L);
    st->yielded = BY_END;
    lua_yield(L, 0);
    return;
  }
}

void clua_special(lua_State *L, int kind) {
  clua_state *st = state_of(L);
  st->special_kind = kind;
  st->special_text = lua_tostring(L, -1);
}

UNCOUNTED_END
