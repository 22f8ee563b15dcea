"""The web server: one process, threads, stops within three seconds."""

from __future__ import annotations

import os
from typing import Any

from setproctitle import setproctitle

bind = f"0.0.0.0:{os.environ.get('PORT', '8000')}"
worker_class = "gthread"
workers = int(os.environ.get("WEB_CONCURRENCY", "1"))
threads = 16
graceful_timeout = 3
timeout = 30
keepalive = 75
control_socket_disable = True
accesslog = None
errorlog = "-"
loglevel = "warning"
proc_name = "helpline web"


def post_fork(server: Any, worker: Any) -> None:
    """Each process's title names its role."""
    setproctitle("helpline: web")


def when_ready(server: Any) -> None:
    """The master's too."""
    setproctitle("helpline: web master")
