"""How the simulator is served: one process, since the network lives in it."""

from __future__ import annotations

import os
from typing import Any

from setproctitle import setproctitle

bind = f"127.0.0.1:{os.environ.get('SIM_PORT', '8001')}"
worker_class = "gthread"
workers = 1
threads = 64
graceful_timeout = 1
timeout = 60
accesslog = None
loglevel = "warning"
proc_name = "helpline simulator"


def post_fork(server: Any, worker: Any) -> None:
    """The title names the role."""
    setproctitle("helpline: simulator")


def when_ready(server: Any) -> None:
    """The master's too."""
    setproctitle("helpline: simulator master")
