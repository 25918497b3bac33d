"""Drills: requests that a person has sent on purpose, once, and what they showed.

``validations`` runs one validation point, ``exercise`` simulated workspaces; ``station`` finds the
watch that runs, and keeps the results in its session. Nothing here knows a terminal.
"""
