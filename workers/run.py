"""Start a worker: `python -m workers.run default`, or `urgent`."""

from __future__ import annotations

import os
import signal
import socket
import sys
import threading
import time
from types import FrameType

import structlog
from redis.exceptions import RedisError
from rq import Queue, SimpleWorker
from rq.serializers import JSONSerializer
from setproctitle import setproctitle
from sqlalchemy.exc import SQLAlchemyError

from config.queues import LOOK_TIMEOUT_SECONDS, QUEUES, URGENT
from config.settings import BadSetting, Settings, read_settings
from helpline.logs import configure_logs, where
from helpline.storage import liveness
from helpline.wiring import Wires, make_carrier, make_redis, make_wires
from workers import jobs
from workers.station import CALL_LANES, Station

URGENT_LANES = 4
BEAT_SECONDS = 2.0
REDIS_PAUSE_SECONDS = 1.0
WORKER_TTL_SECONDS = 30
MAINTENANCE_SECONDS = 10
# A worker whose look makes no progress for this long counts as hung and ends itself; whatever
# it held is released by the database, and the process is started again from outside.
HUNG_AFTER_SECONDS = LOOK_TIMEOUT_SECONDS + 30

log = structlog.get_logger()
_told_to_stop = threading.Event()


class BellWorker(SimpleWorker):
    """RQ's non-forking worker; after a lost Redis it tries again within two seconds."""

    max_connection_wait_time = 2.0

    def request_stop(self, signum: int, frame: FrameType | None) -> None:
        """Remember it too, for the case that Redis is away just then."""
        _told_to_stop.set()
        super().request_stop(signum, frame)

    def procline(self, message: str) -> None:  # noqa: ARG002 - the role says more than the state
        """The process's title names its role."""
        setproctitle(f"helpline: worker {self.queue_names()[0]}")


class Keeper(threading.Thread):
    """Beats while the worker is well, and looks by itself while Redis is away."""

    def __init__(self, wires: Wires, station: Station, queue: str) -> None:
        super().__init__(name="keeper", daemon=True)
        self._wires, self._station, self._queue = wires, station, queue
        self._redis = make_redis(wires.settings)
        self._holder = f"{socket.gethostname()}-{os.getpid()}"
        self._ended = threading.Event()

    def run(self) -> None:
        """Once every two seconds until the worker ends."""
        while not self._ended.wait(BEAT_SECONDS):
            if self._is_hung():
                log.error("worker_hung", queue=self._queue)
                os.kill(os.getpid(), signal.SIGKILL)
            self._beat()
            if not self._redis_answers():
                jobs.look(self._queue)

    def _is_hung(self) -> bool:
        idle = time.monotonic() - self._station.progress_at
        return self._station.looking and idle > HUNG_AFTER_SECONDS

    def _beat(self) -> None:
        try:
            with self._wires.sessions.begin() as session:
                liveness.beat(session, "worker", self._holder)
        except SQLAlchemyError as reason:
            log.warning("beat_missed", fault=where(reason))

    def _redis_answers(self) -> bool:
        try:
            return bool(self._redis.ping())
        except (RedisError, OSError):
            return False

    def end(self) -> None:
        """The worker ends in order."""
        self._ended.set()
        try:
            with self._wires.sessions.begin() as session:
                liveness.stop_beating(session, self._holder)
        except SQLAlchemyError as reason:
            log.warning("beat_missed", fault=where(reason))


def run_worker(queue_name: str) -> None:
    """Work until told to stop. Everything is imported and connected before the first job."""
    settings = read_settings()
    setproctitle(f"helpline: worker {queue_name}")
    lanes = 0 if queue_name == URGENT else settings.helpline_send_lanes
    wires = make_wires(settings, connections=lanes + URGENT_LANES + CALL_LANES + 4, ping=False)
    station = Station(wires, make_carrier(settings), urgent_lanes=URGENT_LANES, lanes=lanes)
    jobs.serve(station)
    keeper = Keeper(wires, station, queue_name)
    keeper.start()
    jobs.look(queue_name)
    try:
        while not _told_to_stop.is_set():
            _listen(settings, queue_name)
            _told_to_stop.wait(REDIS_PAUSE_SECONDS)
    finally:
        keeper.end()
        station.close()


def _listen(settings: Settings, queue_name: str) -> None:
    """Listen for the bell until told to stop, or until Redis is away.

    While it is away the keeper looks by itself.
    """
    redis = make_redis(settings)
    redis.connection_pool.connection_kwargs.pop("socket_timeout", None)
    try:
        worker = BellWorker(
            [Queue(queue_name, connection=redis, serializer=JSONSerializer)],
            connection=redis,
            serializer=JSONSerializer,
            worker_ttl=WORKER_TTL_SECONDS,
            maintenance_interval=MAINTENANCE_SECONDS,
            log_job_description=False,
        )
        worker.work(logging_level="WARNING")
    except (RedisError, OSError) as reason:
        log.warning("redis_away", queue=queue_name, fault=type(reason).__name__)


def _stop(_: int, __: FrameType | None) -> None:
    raise SystemExit(0)


def main() -> None:
    """Entry point: one argument, the queue."""
    configure_logs()
    queue = sys.argv[1] if len(sys.argv) > 1 else ""
    if queue not in QUEUES:
        sys.stderr.write(f"usage: python -m workers.run {'|'.join(QUEUES)}\n")
        raise SystemExit(2)
    signal.signal(signal.SIGTERM, _stop)
    try:
        run_worker(queue)
    except BadSetting as reason:
        sys.stderr.write(f"helpline: {reason}\n")
        raise SystemExit(2) from None


if __name__ == "__main__":
    main()
