"""Tests of criteria: fabricated readings in, expected states out. See docs/testing.md."""
