"""Reading scanned papers: files into pages, pages into the codes that our printing puts on them.

Nothing here knows the database but `task`; what opens files runs in a process of its own (`reader`).
"""
