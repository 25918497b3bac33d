"""A session and its history as Markdown, HTML, JSON, TOML and CSV."""
