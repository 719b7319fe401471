// Lua 5.4 behind functions that never raise into their caller: all work on Lua's stack happens in C, below a protected
// call, and values cross as parcels (clua_parcel.h). Everything belongs to the thread that made the state.
#pragma once
#include <stddef.h>
#include <stdint.h>

typedef struct clua_state clua_state;
typedef struct clua_call clua_call;

// A parcel made by C. It owns the references and objects in it until they are claimed.
typedef struct clua_buffer {
  uint8_t *bytes;
  size_t count, capacity;
  int32_t *references;
  size_t reference_count, reference_capacity;
  void **objects;
  size_t object_count, object_capacity;
  struct clua_buffer *next;
} clua_buffer;

typedef struct {
  size_t memory;        // bytes the state may hold; a quarter more is lent to clean-up
  size_t largest_text;  // one string or userdata
  size_t result_size;   // bytes of one parcel out of Lua
  size_t source_size;   // bytes of one text given to `load` by a script
  int64_t slice;        // ns of CPU after which a call lets others run
  int64_t patience;     // ns of CPU after which a call that cannot let others run fails
  int64_t running_time; // ns of CPU that one call may use in all
} clua_limits;

// What a host function gives back: `bytes` is copied by clua_answer before the Swift frame ends.
typedef struct clua_answer clua_answer;
void clua_answer_set(clua_answer *answer, const void *bytes, size_t count);

// `owner` is what was given to clua_open. None of these may raise, or enter Lua except by the functions below.
typedef struct {
  // A plain host function: 0 for results, CLUA_…_FAILED when the answer's first value is to be raised.
  int (*plain)(void *owner, void *function, clua_buffer *arguments, clua_answer *answer);
  // Where `require` looks: 0 nothing known (the answer may hold why), 1 text (name, source), 2 a finished value,
  // 3 the module's chunk as a function.
  int (*search)(void *owner, const char *name, size_t length, clua_answer *answer);
  void (*retain)(void *object);
  void (*release)(void *object);
} clua_face;

enum clua_status { CLUA_FINISHED = 0, CLUA_FAILED = 1, CLUA_WAITS = 2, CLUA_SLICED = 3 };

enum clua_kind {
  CLUA_KIND_RUNTIME = 0, CLUA_KIND_SYNTAX, CLUA_KIND_MEMORY, CLUA_KIND_TIME, CLUA_KIND_SIZE, CLUA_KIND_CANCELLED,
  CLUA_KIND_CANNOT_WAIT,
};

typedef struct {
  int kind;
  const char *message, *traceback, *script; // valid until the next entry into the same call or state
  size_t message_length, traceback_length;
  int line;
  clua_buffer *value; // the error value as a parcel when it was not a string, else NULL; owned by the receiver
} clua_failure;

clua_state *clua_open(void *owner, const clua_face *face, const clua_limits *limits);
// Ends what runs, frees everything; gives the bytes that Lua did not return (0, or the allocator is broken).
size_t clua_close(clua_state *state);
int64_t clua_live_bytes(void); // of all states of the process

size_t clua_used(clua_state *state);
size_t clua_peak(clua_state *state);
size_t clua_live_references(clua_state *state);
size_t clua_live_calls(clua_state *state);
int clua_is_running(clua_state *state);
int clua_is_own_thread(clua_state *state);
void clua_collect(clua_state *state);

// References. clua_forget is safe at any moment on the state's thread: the slot is freed at the next entry.
void clua_forget(clua_state *state, int32_t reference);
int clua_claim(clua_buffer *buffer, int32_t reference); // 1 when the caller owns the reference now
int32_t clua_copy_reference(clua_state *state, int32_t reference); // 0 when memory is out
void clua_give_back(clua_state *state, clua_buffer *buffer); // state may be NULL when it is closed

// Compiled scripts, or the error message. clua_compile belongs to no state and may run on any thread; it returns 0 or an
// enum clua_kind. What it made may be loaded as it is: bytes from anywhere else must never be.
typedef struct {
  uint8_t *bytes;
  size_t count, capacity;
} clua_code;
int clua_compile(const char *text, size_t length, const char *name, size_t memory, clua_code *code);
void clua_free_code(clua_code *code);

// Protected work outside any call; 0, or non-zero with clua_state_failure. Results are parcels in *out.
int clua_load(clua_state *state, const char *text, size_t length, const char *name, int32_t environment,
              int32_t *function);
int clua_load_code(clua_state *state, const void *bytes, size_t count, int32_t *function); // of clua_compile
// Where a function was written: its script, up to `size` bytes, and line; 0 when it is none of Lua's.
int clua_function_line(clua_state *state, int32_t function, char *script, size_t size);
int clua_store(clua_state *state, const void *bytes, size_t count, int32_t *reference); // one value, kept by reference
int clua_table_get(clua_state *state, int32_t table, const void *key, size_t key_count, int flags, clua_buffer **out);
int clua_table_set(clua_state *state, int32_t table, const void *pair, size_t count);
int clua_value(clua_state *state, int32_t reference, clua_buffer **out); // a table by reference, as a parcel
int clua_define_class(clua_state *state, void *identity, const char *name, const void *methods, size_t count);
int clua_install(clua_state *state); // the library for scripts
int clua_add_stock_strings(clua_state *state); // the global `stock`, for tests to compare with
int clua_freeze(clua_state *state, const char *advice);
void clua_use_error_table(clua_state *state, int32_t metatable);
int32_t clua_globals(clua_state *state);
void clua_state_failure(clua_state *state, clua_failure *failure);

enum { CLUA_TABLES_BY_REFERENCE = 1, CLUA_MAY_WAIT = 2 };

// How a host function failed: here, or in a script that it called, whose error says where.
enum { CLUA_HOST_FAILED = 1, CLUA_SCRIPT_FAILED = 2 };

// One call in flight. begin, then step until it is no longer WAITS or SLICED, then end (always, once).
clua_call *clua_begin(clua_state *state, int flags, int64_t running_time); // 0: the state's own limit
enum clua_status clua_start(clua_call *call, int32_t function, const void *arguments, size_t count);
enum clua_status clua_continue(clua_call *call, const void *answer, size_t count, int failed);
clua_buffer *clua_take_results(clua_call *call);
// What a WAITS asks for: the function object (borrowed) and its arguments (owned by the receiver).
void *clua_wanted(clua_call *call, clua_buffer **arguments);
// Where a waiting call waits: its script, up to `size` bytes, and line; 0 when that is not known.
int clua_waiting_line(clua_call *call, char *script, size_t size);
void clua_failure_of(clua_call *call, clua_failure *failure);
// Closes what is still open, innermost coroutine first, and returns the coroutine to the pool.
void clua_end(clua_call *call);
