"""The real nginx, with the configuration that is deployed, in front of servers on ports of this machine."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from string import Template

from benchmarks.browser import free_port

TEMPLATE = Path(__file__).resolve().parent.parent.parent / "deploy" / "nginx.conf.template"
PATIENCE = 20.0  # seconds that nginx may take to listen
AROUND = """
{user}
daemon off;
worker_processes 1;
pid {folder}/nginx.pid;
error_log {folder}/error.log warn;
events {{ worker_connections 256; }}
http {{
    access_log {folder}/access.log;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    include {folder}/lab.conf;
}}
"""


def nginx() -> str | None:
    """The program, where it is installed; Debian keeps it where only an administrator looks."""
    return shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin")


def filled(text: str, **settings: str) -> str:
    """``text`` as envsubst leaves it: only what is set is filled in, so nginx's own variables stay."""
    return Template(text).safe_substitute(settings)


@contextmanager
def running_proxy(folder: Path, *replicas: str, text: str | None = None) -> Iterator[str]:
    """nginx by the template, or by ``text`` in its place, before ``replicas`` (each IP:PORT); its address. It
    ends with the block. Raises RuntimeError with nginx's words where it does not start."""
    program = nginx()
    if program is None:
        raise RuntimeError("nginx is not installed: on Debian, sudo apt install nginx-light.")
    port = free_port()
    named = {f"LAB_{number}": address for number, address in enumerate(replicas, 1)}
    written = filled(text or TEMPLATE.read_text("utf-8"), LAB_LISTEN=f"127.0.0.1:{port}", **named)
    (folder / "lab.conf").write_text(written, encoding="utf-8")
    user = "" if os.geteuid() else "user root;"  # else nobody's workers could not write to the folder
    (folder / "nginx.conf").write_text(AROUND.format(folder=folder, user=user), encoding="utf-8")
    command = [program, "-p", str(folder), "-e", str(folder / "error.log"), "-c", str(folder / "nginx.conf")]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    try:
        if not listening(port, process):
            process.kill()
            raise RuntimeError(f"nginx did not start:\n{process.communicate()[1]}")
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.communicate(timeout=30)


def listening(port: int, process: subprocess.Popen[str]) -> bool:
    """Wait until somebody listens there; False where the process ends first, or takes too long."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline and process.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return True
        time.sleep(0.05)
    return False
