"""The session document: what people did during a watch, and its durable store."""
