"""The landmark network: plain convolutions over the crop of one face, and five points as the middles of five maps.

As in integral regression (Sun et al. 2018) each landmark has a map of how likely it lies in each cell, and is told as
the mean of the cells' places: a point between cells is told between them, and a face that moves moves its maps.
"""

# pyright: reportArgumentType=false, reportAttributeAccessIssue=false, reportOptionalMemberAccess=false
# pyright: reportReturnType=false, reportOperatorIssue=false, reportOptionalOperand=false
# Keras types its arguments by their defaults ("auto", None), and what its ops give by stubs.

from __future__ import annotations

import keras
from keras import layers, ops

from inference.crops import LANDMARK_SIDE
from training.face.network import conv, residual

FINE, MIDDLE, COARSE = 16, 48, 64
"""Channels at a half, a quarter and an eighth of the input's size."""
STEM = 5
"""Side of the first convolution's windows."""
CELLS = LANDMARK_SIDE // 4
"""Cells of a map, a side."""
REACH = 1.5
"""Sides of the crop over which the cells' places are spread: landmarks of faces that are cut lie out of the crop."""
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
    x = conv(x, FINE, "fine_down", side=STEM, strides=2)
    x = residual(x, FINE, "fine")
    x = conv(x, MIDDLE, "middle_down", strides=2)
    middle = residual(x, MIDDLE, "middle")
    x = conv(middle, COARSE, "coarse_down", strides=2)
    x = residual(x, COARSE, "coarse")
    x = layers.Conv2D(MIDDLE, 1, use_bias=False, name="narrow")(x)
    x = layers.Add(name="join_add")([layers.UpSampling2D(2, name="grow")(x), middle])
    x = conv(x, MIDDLE, "join")
    maps = layers.Conv2D(POINTS, 1, dtype="float32", name="maps")(x)
    return keras.Model(image, Middles(dtype="float32", name="landmarks")(maps), name="landmarks")


@keras.saving.register_keras_serializable("classmood")
class Middles(layers.Layer):
    """The mean places (N, 5, 2) of maps (N, 12, 12, 5) of logits, in sides of the crop."""

    def call(self, inputs: keras.KerasTensor) -> keras.KerasTensor:
        logits = ops.transpose(ops.reshape(inputs, (-1, CELLS * CELLS, POINTS)), (0, 2, 1))
        along = 0.5 + REACH * ((ops.arange(CELLS, dtype="float32") + 0.5) / CELLS - 0.5)
        x, y = ops.tile(along, CELLS), ops.repeat(along, CELLS)
        middles = ops.matmul(ops.softmax(logits, axis=-1), ops.stack([x, y], axis=-1))
        # Says again what is known, because the conversion to ONNX forgets the number of points.
        return ops.reshape(middles, (-1, POINTS, 2))

    def compute_output_shape(self, input_shape: tuple) -> tuple:
        return (input_shape[0], POINTS, 2)
