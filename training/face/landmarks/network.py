"""The landmark network: plain convolutions over the crop of one face, and five points as shares of its side."""

# pyright: reportArgumentType=false, reportAttributeAccessIssue=false, reportOptionalMemberAccess=false
# Keras types its arguments by their defaults ("auto", None), and what its ops give by stubs.

from __future__ import annotations

import keras
from keras import layers

from inference.crops import LANDMARK_SIDE

FINE, MIDDLE, COARSE = 24, 48, 64
"""Channels at a half, a quarter and an eighth of the input's size."""
STEM = 5
"""Side of the first convolution's windows."""
NARROW, HIDDEN = 16, 64
"""Channels of the last map, and units between it and the points: where in the map something is matters here, so it is
read cell by cell instead of being averaged."""
FLAT_VARIANCE = 16.0
"""Added to each crop's variance: the noise of a nearly flat crop is not blown up to full contrast."""
POINTS = 5


def landmark_network() -> keras.Model:
    """The untrained network of the current precision policy.

    Input ``input`` float32 (N, 48, 48, 1), raw gray 0 to 255; output ``landmarks`` float32 (N, 5, 2): x and y of right
    eye, left eye, nose, right and left mouth corner in sides of the crop, outside 0 to 1 where they are out of it.
    """
    image = keras.Input((LANDMARK_SIDE, LANDMARK_SIDE, 1), name="input")
    # Each crop to mean 0 and deviation 1: gain and offset of a camera fall away.
    x = layers.LayerNormalization(
        axis=[1, 2, 3], center=False, scale=False, epsilon=FLAT_VARIANCE, dtype="float32", name="standardise"
    )(image)
    x = _conv(x, FINE, "fine_down", side=STEM, strides=2)
    x = _residual(x, FINE, "fine")
    x = _conv(x, MIDDLE, "middle_down", strides=2)
    x = _residual(x, MIDDLE, "middle")
    x = _conv(x, COARSE, "coarse_down", strides=2)
    x = _residual(x, COARSE, "coarse")
    x = layers.Flatten(name="cells")(_conv(x, NARROW, "narrow", side=1))
    x = layers.Dense(HIDDEN, activation="relu", name="hidden")(x)
    points = layers.Dense(
        2 * POINTS, bias_initializer=keras.initializers.Constant(0.5), dtype="float32", name="points"
    )(x)
    return keras.Model(image, layers.Reshape((POINTS, 2), dtype="float32", name="landmarks")(points), name="landmarks")


def _conv(
    x: keras.KerasTensor, width: int, name: str, side: int = 3, strides: int = 1, active: bool = True
) -> keras.KerasTensor:
    x = layers.Conv2D(
        width,
        side,
        strides=strides,
        padding="same",
        use_bias=False,
        kernel_initializer="he_normal",
        name=f"{name}_conv",
    )(x)
    x = layers.BatchNormalization(momentum=0.98, name=f"{name}_norm")(x)
    return layers.Activation("relu", name=f"{name}_relu")(x) if active else x


def _residual(x: keras.KerasTensor, width: int, name: str) -> keras.KerasTensor:
    y = _conv(x, width, f"{name}_a", active=False)
    return layers.Activation("relu", name=f"{name}_out")(layers.Add(name=f"{name}_add")([x, y]))
