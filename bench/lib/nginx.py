"""nginx as the yardstick: one worker, no log, from a directory of its own."""

import os
import pathlib

from .processes import BenchError, Program, free_port

MODULES = pathlib.Path("/usr/lib/nginx/modules")
BODY = '{"message":"Hello, World!","n":1}'

FRAME = """
{modules}
daemon off;
worker_processes 1;
{user}
pid {directory}/nginx.pid;
error_log stderr crit;
events {{ worker_connections 16384; }}
worker_rlimit_nofile 20000;
http {{
  access_log off;
  keepalive_requests 1000000000;
  keepalive_timeout 600;
  server_tokens off;
  client_body_temp_path {directory}/body;
  proxy_temp_path {directory}/proxy;
  fastcgi_temp_path {directory}/fastcgi;
  uwsgi_temp_path {directory}/uwsgi;
  scgi_temp_path {directory}/scgi;
  {extra}
  server {{
    listen 127.0.0.1:{port} backlog=4096;
    default_type application/json;
    {locations}
  }}
}}
"""

PLAIN = "location / {{ return 200 '{body}'; }}"
LUA = """location / {{ content_by_lua_block {{ ngx.header["Content-Length"] = {length}; ngx.print('{body}') }} }}
    location /events {{
      default_type text/event-stream;
      lua_check_client_abort on;
      content_by_lua_block {{ ngx.print("data: hello\\n\\n") ngx.flush(true) ngx.sleep(600) }}
    }}"""
RELAY = """location / {{
      proxy_pass http://127.0.0.1:{upstream};
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_buffering off;
      proxy_read_timeout 600;
    }}"""


def _program(name, directory, cpus, locations, extra="", modules=()):
    port = free_port()
    here = pathlib.Path(directory) / name
    here.mkdir(exist_ok=True)
    config = here / "nginx.conf"
    config.write_text(FRAME.format(
        modules="\n".join(f"load_module modules/{module}.so;" for module in modules),
        user="user root;" if os.geteuid() == 0 else "", directory=here, port=port, extra=extra, locations=locations))
    command = ["nginx", "-e", "stderr", "-p", str(here), "-c", str(config)]
    if modules:
        # Modules are found below the prefix, which is ours here.
        if not (here / "modules").exists():
            (here / "modules").symlink_to(MODULES)
    return Program(f"nginx {name}", command, cpus=cpus, port=port)


def plain(directory, cpus):
    return _program("plain", directory, cpus, PLAIN.format(body=BODY))


def lua(directory, cpus):
    locations = LUA.format(body=BODY, length=len(BODY))
    if not (MODULES / "ngx_http_lua_module.so").exists():
        raise BenchError("nginx has no Lua: apt-get install libnginx-mod-http-lua")
    return _program(
        "lua", directory, cpus, locations, modules=("ndk_http_module", "ngx_http_lua_module"))


def relay(directory, cpus, upstream):
    return _program("relay", directory, cpus, RELAY.format(upstream=upstream))
