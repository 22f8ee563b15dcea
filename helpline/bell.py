"""The bell over RQ: one small job that says "look", with no word and no number in it."""

from __future__ import annotations

import threading
import time

import structlog
from redis import Redis
from redis.exceptions import RedisError
from rq import Queue
from rq.serializers import JSONSerializer

from config.queues import FAILED_BELL_TTL_SECONDS, LOOK_JOB, LOOK_TIMEOUT_SECONDS

# Rings that come closer together than this become one: under load an enqueue would cost more
# than the insert that it announces.
REST_SECONDS = 0.02

log = structlog.get_logger()


class RqBell:
    """Rings from a thread of its own, so that no webhook waits for Redis.

    When a look is already waiting in the queue no second one is put there: it will see what was
    committed before it starts. A ring that is lost is made good by the clock.
    """

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._queues: dict[str, Queue] = {}
        self._wanted: set[str] = set()
        self._change = threading.Condition()
        self._thread: threading.Thread | None = None

    def ring(self, queue: str) -> None:
        """Ask that somebody looks at this queue; returns at once and never raises."""
        with self._change:
            self._wanted.add(queue)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="bell", daemon=True)
                self._thread.start()
            self._change.notify()

    def _run(self) -> None:
        while True:
            with self._change:
                while not self._wanted:
                    self._change.wait()
                wanted, self._wanted = self._wanted, set()
            for name in sorted(wanted):
                self.ring_now(name)
            # Rings that come meanwhile become one (see `REST_SECONDS`).
            time.sleep(REST_SECONDS)

    def ring_now(self, name: str) -> bool:
        """Put a look into the queue unless one waits there; False when Redis is away."""
        queue = self._queues.get(name)
        if queue is None:
            queue = Queue(name, connection=self._redis, serializer=JSONSerializer)
            self._queues[name] = queue
        try:
            if self._redis.llen(queue.key) == 0:
                queue.enqueue_call(
                    LOOK_JOB,
                    args=(name,),
                    timeout=LOOK_TIMEOUT_SECONDS,
                    result_ttl=0,
                    failure_ttl=FAILED_BELL_TTL_SECONDS,
                    description="look",
                )
        except (RedisError, OSError) as reason:
            log.warning("bell_not_rung", queue=name, fault=type(reason).__name__)
            return False
        return True
