// Strict: line ends are CRLF and nothing else, also behind chunk sizes.
#define LLHTTP_STRICT_MODE 1
#include "/usr/share/llhttp/api.c"
