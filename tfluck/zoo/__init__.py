"""Published networks and those that users bring: where they lie, how they are built."""
