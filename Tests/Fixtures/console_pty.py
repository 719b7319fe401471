"""Types at `perigee console` as a person does, on a terminal of its own.

Usage: console_pty.py PROGRAM ARGUMENT…   Reads steps from standard input, one a line: `send TEXT` (a Python string
literal) or `wait TEXT` (until the terminal has shown it since the last step). Prints all that was shown.
"""

import ast
import os
import pty
import select
import sys
import termios
import time

pid, terminal = pty.fork()
if pid == 0:
    os.environ["TERM"] = "xterm"
    os.execv(sys.argv[1], sys.argv[1:])
termios.tcsetwinsize(terminal, (24, 80))

shown = b""
seen = 0
deadline = time.monotonic() + 30


def read():
    global shown
    ready, _, _ = select.select([terminal], [], [], max(0.0, deadline - time.monotonic()))
    if not ready:
        sys.exit(f"waited too long; shown: {shown!r}")
    try:
        piece = os.read(terminal, 65536)
    except OSError:
        piece = b""
    shown += piece
    return bool(piece)


for line in sys.stdin:
    verb, _, text = line.rstrip("\n").partition(" ")
    text = ast.literal_eval(text).encode()
    if verb == "send":
        os.write(terminal, text)
        continue
    while text not in shown[seen:]:
        if not read():
            sys.exit(f"ended before {text!r}; shown: {shown!r}")
    seen = shown.index(text, seen) + len(text)

while read():
    pass
_, status = os.waitpid(pid, 0)
sys.stdout.buffer.write(shown)
sys.exit(os.waitstatus_to_exitcode(status))
