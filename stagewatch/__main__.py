"""``python -m stagewatch`` and the ``stagewatch`` command."""

from __future__ import annotations


def main() -> None:
    """Run the command line; exits with the command's status."""
    from stagewatch.cli import run

    raise SystemExit(run())


if __name__ == "__main__":
    main()
