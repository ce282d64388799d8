"""A student's mood: probabilities averaged over seconds, and what they say on two scales: pleasant, and stirred."""

from __future__ import annotations

import math

import numpy as np

from domain import EMOTIONS, Emotion, EmotionScores

VALID_S = 10.0
"""Seconds for which a reading speaks for a student; the design's rule of coverage."""

VALENCE: dict[Emotion, float] = {
    "angry": -0.51,
    "disgust": -0.60,
    "fear": -0.64,
    "happy": 0.76,
    "sad": -0.63,
    "surprise": 0.40,
    "neutral": 0.0,
}
"""Pleasure of each emotion, -1 to 1: the mean ratings of the terms anger, disgust, fear, joy, sadness and surprise in
Russell and Mehrabian, "Evidence for a three-factor theory of emotions" (Journal of Research in Personality 11, 1977).
Neutral is the scale's middle."""

AROUSAL: dict[Emotion, float] = {
    "angry": 0.59,
    "disgust": 0.35,
    "fear": 0.60,
    "happy": 0.48,
    "sad": -0.27,
    "surprise": 0.67,
    "neutral": 0.0,
}
"""How stirred each emotion is, -1 to 1, from the same ratings. Copies of that table differ in the sign for sadness; the
negative one agrees with Russell's circle of 1980, where sadness lies among the quiet emotions. No rule rests on it."""


def valence(scores: EmotionScores) -> float:
    """How pleasant a face looks, -1 to 1: the expected value of ``VALENCE`` under the seven probabilities."""
    return sum(probability * VALENCE[emotion] for emotion, probability in zip(EMOTIONS, scores.values, strict=True))


def arousal(scores: EmotionScores) -> float:
    """How stirred a face looks, -1 (quiet) to 1: the expected value of ``AROUSAL`` under the seven probabilities."""
    return sum(probability * AROUSAL[emotion] for emotion, probability in zip(EMOTIONS, scores.values, strict=True))


class Mood:
    """One student's probabilities, averaged with weights that fall by 1/e every ``smoothing_s`` seconds.

    Only the seconds between readings count, so the rate of capture may change. Probabilities are averaged, not labels:
    a label jumps where a probability wavers.
    """

    def __init__(self, smoothing_s: float) -> None:
        self._smoothing_s = smoothing_s
        self._average: np.ndarray | None = None
        self._read_s = 0.0

    def add(self, scores: EmotionScores, now_s: float) -> None:
        """Take in a valid reading at a time in seconds of any steady clock."""
        values = np.array(scores.values)
        if self._average is None or not self.valid(now_s):
            self._average = values
        else:
            # After a gap as long as the validity nothing of the old mood is left; within it the gap decides.
            kept = math.exp(-(now_s - self._read_s) / self._smoothing_s) if self._smoothing_s > 0 else 0.0
            self._average = kept * self._average + (1.0 - kept) * values
        self._read_s = now_s

    def valid(self, now_s: float) -> bool:
        """Whether there was a reading within the last ten seconds."""
        return self._average is not None and 0.0 <= now_s - self._read_s <= VALID_S

    def scores(self, now_s: float) -> EmotionScores | None:
        """The averaged probabilities, or None without a reading in the last ten seconds."""
        if self._average is None or not self.valid(now_s):
            return None
        return EmotionScores(tuple((self._average / self._average.sum()).tolist()))
