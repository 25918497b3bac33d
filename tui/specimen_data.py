"""The words of the specimen: the staging manifest's phases and gates, and lines of a log."""

from __future__ import annotations

from stagewatch.model import State

PHASES: tuple[tuple[str, tuple[float, float], tuple[tuple[str, bool], ...]], ...] = (
    (
        "Initial stability",
        (0, 6),
        (
            ("Backend health check every hour", True),
            ("Frontend build status", True),
            ("Memory baseline", True),
            ("WebSocket connection count, no leaks", True),
            ("Database connection pool", True),
        ),
    ),
    (
        "Performance monitoring",
        (6, 12),
        (
            ("API response times < 200 ms for cached", True),
            ("Polling interval 30 s", True),
            ("Cache hit rate", True),
            ("Rate limiting works", True),
            ("OpenAI API call reduction", False),
        ),
    ),
    (
        "Load testing",
        (12, 18),
        (
            ("Simulate 5 concurrent workspaces", True),
            ("Resource consumption", False),
            ("Cache effectiveness under load", False),
            ("Rate limiting under concurrency", False),
            ("Database query performance", False),
        ),
    ),
    (
        "Final validation",
        (18, 24),
        (
            ("Complete system health check", False),
            ("Performance metrics aggregation", False),
            ("Cost savings validation", False),
            ("Error log analysis", False),
            ("Production readiness assessment", False),
        ),
    ),
)
EVIDENCE = {
    "Backend health check every hour": ("health.ok", "health.latency"),
    "Memory baseline": ("backend.rss",),
    "WebSocket connection count, no leaks": ("health.ws_sessions", "health.ws_orphans"),
    "Database connection pool": ("health.db_used", "health.db_max"),
    "API response times < 200 ms for cached": ("quota.latency", "health.latency"),
    "Rate limiting works": ("quota.latency",),
    "Simulate 5 concurrent workspaces": ("health.ws_sessions", "quota.latency"),
    "Resource consumption": ("backend.rss", "backend.cpu"),
    "Cache effectiveness under load": ("quota.latency",),
    "Rate limiting under concurrency": ("quota.latency", "errors.errors"),
    "Database query performance": ("health.db_used", "health.db_max", "quota.latency"),
    "Complete system health check": ("health.ok", "health.latency", "backend.rss"),
    "Performance metrics aggregation": ("quota.latency", "backend.rss", "backend.cpu"),
    "Error log analysis": ("errors.lines", "errors.errors", "errors.criticals"),
    "Production readiness assessment": (
        "health.ok",
        "backend.rss",
        "quota.latency",
        "errors.criticals",
    ),
}
"""Item → its signals; the others are a person's to judge."""
GATES = (
    ("Architecture review", "system-architect", State.PASS),
    ("Database impact", "db-steward", State.PASS),
    ("15 pillars compliance", "principles-guardian", State.PENDING),
    ("Placeholder check", "placeholder-police", State.PENDING),
    ("Documentation sync", "docs-scribe", State.PENDING),
)
LINES = (
    (-7904.0, "INFO", "worker 2 started, pid 4123"),
    (-7391.0, "WARNING", "cache: storm on key workspace:5:tasks, 28 misses in 2 s"),
    (-6840.0, "INFO", "rate limiter: 429 for 127.0.0.1 on /api/quota/status"),
    (-6222.0, "WARNING", "websocket 77d0: no heartbeat for 45 s, closing"),
    (-5871.0, "INFO", "recycled 2 idle database connections"),
    (-5102.0, "WARNING", "slow query, 388 ms: SELECT … FROM goals WHERE workspace_id = 3"),
    (-4417.0, "ERROR", "openai: upstream answered 529, will try again in 2 s"),
    (-4415.0, "INFO", "openai: answered after 1 retry"),
    (-3960.0, "INFO", "rate limiter: 429 for 127.0.0.1 on /api/quota/status"),
    (-3312.0, "ERROR", "pool: timed out after 3.0 s waiting for a connection (12 in use)"),
    (-3310.0, "WARNING", "retrying /api/projects after a pool timeout, attempt 1 of 3"),
    (-2401.0, "WARNING", "cache: storm on key workspace:7:tasks, 41 misses in 2 s"),
    (-1980.0, "INFO", "rate limiter: 429 for 127.0.0.1 on /api/quota/status"),
    (-1542.0, "WARNING", "websocket 91c2: no heartbeat for 45 s, closing"),
    (-1201.0, "INFO", "recycled 3 idle database connections"),
    (-902.0, "ERROR", "openai: upstream answered 503, using the cached completion"),
    (-611.0, "WARNING", "cache: storm on key workspace:3:tasks, 17 misses in 2 s"),
    (-404.0, "INFO", "rate limiter: 429 for 127.0.0.1 on /api/quota/status"),
    (-187.0, "WARNING", "slow query, 412 ms: SELECT … FROM task_executions WHERE workspace_id = 7"),
    (-32.0, "WARNING", "websocket a07f: no heartbeat for 45 s, closing"),
)
PATTERNS = (
    ("WARNING", "cache: storm on key #, # misses in # s", 41, 45000.0, 611.0, False),
    ("WARNING", "websocket #: no heartbeat for # s, closing", 27, 46000.0, 32.0, False),
    (
        "WARNING",
        "slow query, # ms: SELECT … FROM goals WHERE workspace_id = #",
        6,
        31000.0,
        187.0,
        False,
    ),
    ("ERROR", "openai: upstream answered #, will try again in # s", 5, 28000.0, 4417.0, False),
    (
        "ERROR",
        "pool: timed out after # s waiting for a connection (# in use)",
        3,
        3900.0,
        3312.0,
        True,
    ),
    ("ERROR", "openai: upstream answered #, using the cached completion", 1, 902.0, 902.0, True),
)
"""Level, text, count, seconds since the first and since the last one, whether it is new."""
