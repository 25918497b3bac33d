"""A terminal monitor that decides whether a staging deployment may go to production."""

__version__ = "0.1.0"
