"""The screens: the watch itself, and the dialogues above it."""
