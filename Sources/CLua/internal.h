#pragma once
#include "clua.h"
#include "clua_parcel.h"
#include <lua5.4/lauxlib.h>
#include <lua5.4/lua.h>
#include <lua5.4/lualib.h>
#include <pthread.h>

// Lua leaves functions by longjmp, behind the back of the thread sanitizer, which counts entries and exits: none of
// ours may take part. Each file ends with UNCOUNTED_END.
#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define CLUA_THREAD_SANITIZER 1
#pragma clang attribute push(__attribute__((disable_sanitizer_instrumentation)), apply_to = function)
#define UNCOUNTED_END _Pragma("clang attribute pop")
#endif
#endif
#ifndef UNCOUNTED_END
#define UNCOUNTED_END
#endif

#define CLUA_DEPTH 128
#define CLUA_CHAIN 208 // coroutines in each other; Lua itself stops at 200 C calls
#define CLUA_PLACE 120
#define CLUA_POOL 32

enum clua_yielded { BY_SCRIPT = 0, BY_WAIT, BY_SLICE, BY_END };

typedef struct { char *bytes; size_t count; } clua_text;

struct clua_state {
  lua_State *L;
  void *owner;
  clua_face face;
  clua_limits limits;
  pthread_t thread;
  size_t used, peak, allowance; // allowance: more memory while an error is being described or a call closed
  char memory_place[CLUA_PLACE];
  const void *refused_block;
  size_t refused_size;
  clua_call *current;    // innermost call that runs now
  int depth;             // calls that run now, one inside the other
  int barrier;           // script coroutines resumed from where nothing can yield
  int yielded;           // why the coroutine that was just resumed yielded
  int cycles;            // collections finished since memory went over its limit
  clua_buffer *buffers;  // free ones
  int buffer_count;
  clua_buffer *decoding;
  clua_buffer *encoding; // being filled; left over when memory ran out in the middle
  clua_call *pool;
  int pool_count;
  size_t call_count;
  int32_t *forgotten;
  size_t forgotten_count, forgotten_capacity, live_references;
  int32_t globals, error_table, loaded;
  clua_text failure_message; // of the last work outside a call
  int failure_kind, special_kind;
  const void *special_text; // the message whose kind is not plainly `runtime`
};

struct clua_call {
  clua_state *state;
  lua_State *co;
  int32_t anchor;
  int flags, ended, closing, suspended;
  int32_t function;
  const uint8_t *input;
  size_t input_count;
  int input_failed;
  volatile int64_t ran; // CPU ns, as the ticks saw it
  int64_t may_run;
  int doomed;           // a kind, once the call must end
  char doom[200];
  clua_buffer *results, *arguments;
  void *wanted;
  lua_State *chain[CLUA_CHAIN]; // suspended coroutines of the script, innermost first
  int chain_count;
  int failed, kind, line;
  char script[CLUA_PLACE];
  clua_text message, traceback;
  clua_buffer *value;
  clua_call *next;
};

struct clua_answer { clua_buffer *buffer; int out_of_memory; };

#ifdef DEBUG
#define BALANCED(L, change) int balance_ = lua_gettop(L) + (change)
#define CHECK_BALANCE(L) clua_check(lua_gettop(L) == balance_, "Lua's stack is out of balance")
#define OWN_THREAD(st) clua_check(pthread_equal((st)->thread, pthread_self()), "Lua entered from another thread")
#else
#define BALANCED(L, change) (void)0
#define CHECK_BALANCE(L) (void)0
#define OWN_THREAD(st) (void)0
#endif
void clua_check(int good, const char *message);

// Each coroutine's extra space holds the state and two marks: whether it is a call's own (and no script's), and whether
// it is suspended on behalf of the call that runs it, so that nobody else may resume it.
enum { MARK_BASE = 1, MARK_HELD = 2 };
static inline uintptr_t *extra_of(lua_State *L) { return (uintptr_t *)lua_getextraspace(L); }
static inline clua_state *state_of(lua_State *L) { return (clua_state *)(*extra_of(L) & ~(uintptr_t)7); }
static inline int has_mark(lua_State *L, uintptr_t mark) { return (*extra_of(L) & mark) != 0; }

// memory.c
clua_buffer *clua_buffer_take(clua_state *st);
int clua_put(clua_buffer *b, const void *bytes, size_t count);
void clua_drain(clua_state *st);
int32_t clua_reference(lua_State *L); // pops; may raise
void clua_make_error(lua_State *L);   // a table on top prints as an error
void clua_set_text(clua_text *text, const char *bytes, size_t count);
void clua_place(lua_State *L, char *out, size_t size, int *line);

// parcel.c
enum { ENCODE_OK = 0, ENCODE_SIZE, ENCODE_DEPTH, ENCODE_CYCLE, ENCODE_KIND, ENCODE_KEY, ENCODE_MEMORY };
int clua_encode_range(lua_State *L, int first, int last, int flags, clua_buffer **out);
int clua_raise_encode(lua_State *L, int status, const char *subject);
int clua_decode_all(lua_State *L, const uint8_t *bytes, size_t count);
const char *clua_encode_text(int status, size_t limit, char *out, size_t size);

// guard.c
enum verdict { GO, PAUSE, END };
typedef struct { lua_State *running; clua_call *call; clua_call *current; int barrier; } clua_outer;
void clua_enter(clua_call *call, lua_State *co, clua_outer *outer);
void clua_leave(clua_call *call, lua_State *co, const clua_outer *outer);
lua_State *clua_running(void);
void clua_set_running(lua_State *L);
int clua_can_yield(lua_State *L);
enum verdict clua_verdict(lua_State *L, int may_pause);
void clua_doom(clua_call *call, int kind, lua_State *L, const char *format, ...);
int clua_raise_doom(lua_State *L);
void clua_special(lua_State *L, int kind); // the string on top is an error of this kind
void clua_arm_hook(lua_State *L);
// For loops in C that cannot yield: raises when patience is over.
static inline void clua_pulse(lua_State *L, unsigned *turns) {
  if ((++*turns & 1023) == 0 && clua_verdict(L, 0) == END) clua_raise_doom(L);
}

// call.c
int clua_host_function(lua_State *L);
int clua_message_handler(lua_State *L);

// object.c
extern const char clua_object_mark, clua_frozen_mark;
void clua_push_object(lua_State *L, void *object, void *identity);
void *clua_object_at(lua_State *L, int index, void **identity);
void clua_push_host(lua_State *L, void *function, int kind, const char *name, size_t length);
void clua_object_metatables(lua_State *L);
void clua_push_read_only(lua_State *L); // pops a table, pushes what cannot be written
int clua_real_table(lua_State *L, int index);             // pushes the table behind a read-only one, 0 otherwise
void clua_push_frozen_library(lua_State *L, const char *advice);

// libraries
int clua_open_coroutines(lua_State *L);
int clua_open_tables(lua_State *L);
int clua_open_strings(lua_State *L);
void clua_open_patterns(lua_State *L); // into the table on top
void clua_open_base(lua_State *L);
void clua_array_mark(lua_State *L, int index);
int clua_is_array(lua_State *L, int index);
