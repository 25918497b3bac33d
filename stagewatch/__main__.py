"""``python -m stagewatch`` and the ``stagewatch`` command."""

from __future__ import annotations

INTERRUPTED = 130


def main() -> None:
    """Run the command line; exits with the command's status."""
    try:
        from stagewatch.cli import run

        raise SystemExit(run())
    except KeyboardInterrupt:
        # Ctrl-C before the command line is there to take it.
        raise SystemExit(INTERRUPTED) from None


if __name__ == "__main__":
    main()
