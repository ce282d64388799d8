"""The one writer of a database, what waits for the disk, and what a crash left open."""

from db.writer.writer import AT_ONCE_S, BATCH_S, GAP_S, MEMORY_ROWS, Writer, commit_pause_s

__all__ = ["AT_ONCE_S", "BATCH_S", "GAP_S", "MEMORY_ROWS", "Writer", "commit_pause_s"]
