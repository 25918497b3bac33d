"""Following log files and reading what their lines say; ``levels`` and ``records`` are pure."""
