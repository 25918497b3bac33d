"""What to watch, what is good, who signs: the profile, its schema and its loading."""
