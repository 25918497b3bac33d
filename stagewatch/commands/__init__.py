"""One module a command; each is thin and hands over to the core or the screen."""
