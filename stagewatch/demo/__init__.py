"""A small staging backend of our own, with faults to switch on while somebody watches it.

Only ``stagewatch.demo.backend`` needs the ``demo`` extra, and only when it runs as a program;
starting one (``run``) and switching its faults (``control``) need the standard library alone.
"""
