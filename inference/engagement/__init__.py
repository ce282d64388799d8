"""Students over time and the flags: sustained change against a student's own baseline, few at once, each explained."""

from inference.engagement.judge import Engagement

__all__ = ["Engagement"]
