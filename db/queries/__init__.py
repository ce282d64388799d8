"""One function for each question that a page asks; all of them read only, and none waits for the writer.

Whatever spans minutes is answered from the rollups, so that a year of classes costs no more than its sessions.
"""

from db.queries.compare import comparable_sessions, sessions
from db.queries.live import (
    MOMENT_COLUMNS,
    MOMENTS_LIMIT,
    LiveNews,
    ReadingView,
    SessionSummary,
    TileMap,
    TileView,
    capture_status,
    class_moments,
    latest_session,
    live_news,
    session,
    session_span,
    student_readings,
    tile_map,
)
from db.queries.readings import stored_frames, stored_modes
from db.queries.report import (
    FlagView,
    GapView,
    MarkerView,
    StudentView,
    class_minutes,
    flags,
    gaps,
    markers,
    student_minutes,
    students,
)
from db.tables import FEWEST_STUDENTS

__all__ = [
    "FEWEST_STUDENTS",
    "MOMENTS_LIMIT",
    "MOMENT_COLUMNS",
    "FlagView",
    "GapView",
    "LiveNews",
    "MarkerView",
    "ReadingView",
    "SessionSummary",
    "StudentView",
    "TileMap",
    "TileView",
    "capture_status",
    "class_minutes",
    "class_moments",
    "comparable_sessions",
    "flags",
    "gaps",
    "latest_session",
    "live_news",
    "markers",
    "session",
    "session_span",
    "sessions",
    "stored_frames",
    "stored_modes",
    "student_minutes",
    "student_readings",
    "students",
    "tile_map",
]
