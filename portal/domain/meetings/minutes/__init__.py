"""Minutes (会议纪要) of a meeting, version by version, and the tasks that come of it, tracked until done (M1)."""
