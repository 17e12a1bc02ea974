"""The skin for providers: where they report what became of messages."""
