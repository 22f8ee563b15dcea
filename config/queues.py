"""The queues that workers listen on, and how long a bell job may take.

Each name must be served by a line of the Procfile; a test holds them together.
"""

DEFAULT = "default"
URGENT = "urgent"
QUEUES = (URGENT, DEFAULT)

LOOK_JOB = "workers.jobs.look"
LOOK_SECONDS = 20
LOOK_TIMEOUT_SECONDS = 120
FAILED_BELL_TTL_SECONDS = 86_400
