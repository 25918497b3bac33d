"""The judge: pure functions from readings and rules to states. No I/O, no clock.

Inside this package every time is *watch time*: seconds since the watch began, in the profile's
own time (``watchtime.py``), so that a rule says 10 minutes whatever the watch's speed.
"""
