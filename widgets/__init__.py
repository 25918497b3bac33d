"""Panes: each a pure function from a view to lines, and a thin Textual widget around it."""
