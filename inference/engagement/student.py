"""What is known of one student over time: mood, direction of the head, and what is usual for this student."""

from __future__ import annotations

from config import Settings
from domain import EMOTIONS, EmotionScores, Observation
from inference.engagement.gaze import Gaze
from inference.engagement.spells import LONGEST_STEP_S
from inference.engagement.usual import Usual
from inference.mood import Mood, valence

LEAST_CONFIDENCE = 0.15
"""A direction that is less sure says nothing; sharp faces of the smallest height that is judged have up to 0.5."""
PRESENCE_LEARN_S = 30.0
"""A face must have been seen this long before its absence means anything."""
FLICKER_S = 10.0
"""A face that was not found for so few seconds was hidden by the light or the angle, not by an empty chair."""
STRAIGHT_AHEAD = (0.0, 60.0)
"""Everybody is taken to look ahead at first, as if that had been seen for a minute."""


def shows_face(seen: Observation) -> bool:
    """Whether a face was found, read or not; not so where none was looked for."""
    return seen.quality is not None and bool(seen.quality.face_height)


class StudentOverTime:
    """One student's readings, smoothed over seconds, and this student's usual values.

    ``mood`` is what is shown, averaged over a few seconds; ``lasting`` is averaged over more, for the rules. Times are
    seconds of a steady clock.
    """

    def __init__(self, settings: Settings) -> None:
        engagement = settings.engagement
        self._limits = settings.attention
        self._low_by = engagement.low_mood_drop
        self._mood = Mood(settings.inference.smoothing_s)
        self._lasting_mood = Mood(engagement.mood_smoothing_s)
        self.gaze = Gaze(settings.attention.smoothing_s)
        self.usual_valence = Usual(engagement.learn_s, engagement.follow_s)
        self.usual_yaw = Usual(engagement.learn_s, engagement.follow_s, STRAIGHT_AHEAD)
        self.usual_pitch = Usual(engagement.learn_s, engagement.follow_s, STRAIGHT_AHEAD)
        self.usual_presence = Usual(PRESENCE_LEARN_S, engagement.follow_s)
        self.last_valid_at: float | None = None
        self.mood: EmotionScores | None = None
        self.lasting: EmotionScores | None = None
        self.lasting_valence: float | None = None
        self._looks_away = False
        self._seen_s: float | None = None
        self._hidden_s = 0.0

    def note(self, seen: Observation, now_s: float, learns: bool) -> None:
        """Take in what a frame shows; ``learns`` says whether the class does what it usually does."""
        step_s = 0.0 if self._seen_s is None else now_s - self._seen_s
        step_s = step_s if learns and 0.0 <= step_s <= LONGEST_STEP_S else 0.0
        self._seen_s = now_s
        self._note_presence(seen, step_s)
        self._note_mood(seen, now_s, step_s)
        self._note_direction(seen, now_s, step_s)

    def judged(self, now_s: float) -> bool:
        """Whether it is known now where the student looks."""
        return self.gaze.valid(now_s) and self.gaze.confidence >= LEAST_CONFIDENCE

    def attending(self, now_s: float) -> bool | None:
        """Whether the student looks towards the screen, None where that cannot be told."""
        return not self._looks_away if self.judged(now_s) else None

    def go_on_as(self, later: StudentOverTime) -> None:
        """Take the recent readings of another number that was this student's too; what is usual stays this one's."""
        self._mood, self._lasting_mood, self.gaze = later._mood, later._lasting_mood, later.gaze
        self.mood, self.lasting, self.lasting_valence = later.mood, later.lasting, later.lasting_valence
        self._looks_away, self._seen_s, self._hidden_s = later._looks_away, later._seen_s, later._hidden_s
        self.last_valid_at = later.last_valid_at or self.last_valid_at

    def refresh(self, now_s: float) -> None:
        """Let moods go that are too old."""
        if self.mood is not None and not self._mood.valid(now_s):
            self.mood = self.lasting = self.lasting_valence = None

    def change(self) -> float | None:
        """How far the lasting mood is above the usual one, in valence; None while one of them is not known."""
        if self.lasting_valence is None or not self.usual_valence.known:
            return None
        return self.lasting_valence - self.usual_valence.value

    def unpleasant(self) -> float:
        """Probability of the unpleasant emotions together in the lasting mood, 0 to 1; 0 without one."""
        return 0.0 if self.lasting is None else sum(self.lasting.values[place] for place in _UNPLEASANT)

    def _note_presence(self, seen: Observation, step_s: float) -> None:
        """A face that comes and goes is badly seen; one that is gone for long says nothing of how well it is seen."""
        if seen.camera == "no_face":
            self._hidden_s += step_s
        elif shows_face(seen):
            if self._hidden_s <= FLICKER_S:
                self.usual_presence.add(0.0, self._hidden_s)
            self._hidden_s = 0.0
            self.usual_presence.add(1.0, step_s)

    def _note_mood(self, seen: Observation, now_s: float, step_s: float) -> None:
        if seen.emotions is None:
            self.refresh(now_s)
            return
        self.last_valid_at = seen.seen_at
        self._mood.add(seen.emotions, now_s)
        self._lasting_mood.add(seen.emotions, now_s)
        self.mood, self.lasting = self._mood.scores(now_s), self._lasting_mood.scores(now_s)
        assert self.lasting is not None
        self.lasting_valence = valence(self.lasting)
        change = self.change()
        self.usual_valence.add(self.lasting_valence, step_s, unusual=change is not None and change <= -self._low_by)

    def _note_direction(self, seen: Observation, now_s: float, step_s: float) -> None:
        told = seen.attention
        if told is None or told.yaw is None or told.confidence < LEAST_CONFIDENCE:
            return
        self.gaze.add(told, self.usual_yaw.value, self.usual_pitch.value, now_s)
        less = self._limits.hysteresis if self._looks_away else 0.0
        pitch = self.gaze.pitch
        turned = self.gaze.turn > self._limits.max_yaw - less
        bowed = pitch is not None and abs(pitch) > self._limits.max_pitch - less
        self._looks_away = turned or bowed
        self.usual_yaw.add(told.yaw, step_s, self._looks_away)
        if told.pitch is not None:
            self.usual_pitch.add(told.pitch, step_s, self._looks_away)


_UNPLEASANT = tuple(EMOTIONS.index(emotion) for emotion in ("angry", "disgust", "fear", "sad"))
