"""The process that samples: a schedule, one lock a session, and how it is started and ended."""
