"""The face network: a small plain convolutional trunk, one map of places, and its answers decoded inside the graph.

In the spirit of CenterNet (Zhou et al. 2019) and FCOS (Tian et al. 2019): every cell of a map at an eighth of the input
says whether the middle of a face lies there and where its borders and landmarks are. All convolutions are plain ones,
which int8 serves well.
"""

# pyright: reportArgumentType=false, reportAttributeAccessIssue=false, reportOptionalMemberAccess=false
# pyright: reportOptionalOperand=false, reportOperatorIssue=false, reportReturnType=false
# pyright: reportOptionalSubscript=false, reportOptionalIterable=false, reportGeneralTypeIssues=false
# Keras types its arguments by their defaults ("auto", None), a callback's model as None, and what its ops give by
# stubs of back ends that are not here.

from __future__ import annotations

import keras
from keras import layers, ops

from inference.crops import TILE_HEIGHT, TILE_WIDTH

STRIDE = 8
"""Input pixels a cell: faces from 11 px on are wider than one cell."""
ROWS, COLUMNS = TILE_HEIGHT // STRIDE, TILE_WIDTH // STRIDE
PLACE_CHANNELS = 14
"""Distances from the middle of the cell to the four borders, then x and y of five landmarks from that of the box."""
FINE, MIDDLE, COARSE = 32, 48, 64
"""Channels at a quarter, an eighth, and a sixteenth and less of the input's size."""
PATCH, PATCH_STRIDE = 8, 4
"""Side and stride of the first convolution's windows: layers at a half of the size would cost as much as all others."""
FLAT_VARIANCE = 16.0
"""Added to each tile's variance: the noise of a nearly flat picture is not blown up to full contrast."""
RARE_FACE = -4.0
"""What the map of faces starts with, as a logit: nearly no cell holds one (Lin et al. 2017)."""
MOST_FACES = 8
"""Faces answered for each tile."""
SAME_FACE = 0.4
"""Overlap, as intersection over union, from which the less sure of two answers is a double."""


def face_network() -> keras.Model:
    """The untrained network of the current precision policy, as it is trained.

    Input ``input`` float32 (N, 112, 192, 1), raw gray 0 to 255; output float32 (N, 14, 24, 15): the logit of a face's
    middle, then ``PLACE_CHANNELS``: log distances to the borders in cells, and the landmarks in sizes of the box.
    """
    image = keras.Input((TILE_HEIGHT, TILE_WIDTH, 1), name="input")
    # Each tile to mean 0 and deviation 1: gain and offset of a camera fall away.
    x = layers.LayerNormalization(
        axis=[1, 2, 3], center=False, scale=False, epsilon=FLAT_VARIANCE, dtype="float32", name="standardise"
    )(image)
    x = conv(x, FINE, "patches", side=PATCH, strides=PATCH_STRIDE)
    x = conv(x, MIDDLE, "middle_down", strides=2)
    x = residual(x, MIDDLE, "middle1")
    middle = residual(x, MIDDLE, "middle2")
    x = conv(middle, COARSE, "coarse_down", strides=2)
    coarse = residual(x, COARSE, "coarse")
    x = conv(coarse, COARSE, "whole_down", strides=2)
    x = residual(x, COARSE, "whole")
    x = _widened(x, coarse, COARSE, "coarse_up")
    x = _widened(x, middle, MIDDLE, "middle_up")
    face = layers.Conv2D(
        1, 1, bias_initializer=keras.initializers.Constant(RARE_FACE), dtype="float32", name="face_logit"
    )(x)
    place = layers.Conv2D(PLACE_CHANNELS, 1, dtype="float32", name="place")(x)
    return keras.Model(image, layers.Concatenate(dtype="float32", name="map")([face, place]), name="face")


def answering(network: keras.Model) -> keras.Model:
    """The network with its answers decoded: what is exported and used.

    Output ``faces`` float32 (N, 8, 15), the surest first: left, top, right, bottom, x and y of right eye, left eye,
    nose, right and left mouth corner, all in input pixels, and a score from 0 to 1, which is 0 for a double or no face.
    """
    return keras.Model(network.input, Answers(dtype="float32", name="faces")(network.output), name="face_answers")


@keras.saving.register_keras_serializable("classmood")
class Answers(layers.Layer):
    """Peaks of the map as faces, without doubles."""

    def call(self, inputs: keras.KerasTensor) -> keras.KerasTensor:
        rows = decoded(inputs)
        scores = rows[..., -1]
        peaks = ops.max_pool(ops.reshape(scores, (-1, ROWS, COLUMNS, 1)), 3, strides=1, padding="same")
        scores = ops.where(scores >= ops.reshape(peaks, (-1, ROWS * COLUMNS)), scores, 0.0)
        best, cells = ops.top_k(scores, MOST_FACES)
        faces = ops.take_along_axis(rows[..., :-1], ops.expand_dims(cells, -1), axis=1)
        surer = ops.reshape(ops.triu(ops.ones((MOST_FACES, MOST_FACES)), 1), (1, MOST_FACES, MOST_FACES))
        # All at once instead of one after the other (YOLACT's fast NMS, Bolya et al. 2019).
        doubles = ops.max(overlaps(faces[..., :4]) * surer, axis=1) > SAME_FACE
        best = ops.where(doubles, 0.0, best)
        return ops.concatenate([faces, ops.expand_dims(best, -1)], axis=-1)

    def compute_output_shape(self, input_shape: tuple) -> tuple:
        return (input_shape[0], MOST_FACES, PLACE_CHANNELS + 1)


def decoded(answers: keras.KerasTensor) -> keras.KerasTensor:
    """The map (N, 14, 24, 15) as rows (N, 336, 15) of box and landmarks in input pixels and the score."""
    flat = ops.reshape(answers, (-1, ROWS * COLUMNS, PLACE_CHANNELS + 1))
    x, y = (ops.reshape(part, (1, ROWS * COLUMNS, 1)) for part in middles())
    reach = ops.exp(ops.clip(flat[..., 1:5], -4.0, 4.0)) * STRIDE
    left, top, right, bottom = x - reach[..., 0:1], y - reach[..., 1:2], x + reach[..., 2:3], y + reach[..., 3:4]
    # In the box a face looks the same at every size, so that there is less to learn than with offsets in pixels.
    sizes = ops.concatenate([right - left, bottom - top] * 5, axis=-1)
    points = ops.concatenate([(left + right) / 2, (top + bottom) / 2] * 5, axis=-1) + flat[..., 5:] * sizes
    return ops.concatenate([left, top, right, bottom, points, ops.sigmoid(flat[..., :1])], axis=-1)


def middles() -> tuple[keras.KerasTensor, keras.KerasTensor]:
    """The x and the y of every cell's middle in input pixels, float32 (14, 24) each."""
    x = (ops.arange(COLUMNS, dtype="float32") + 0.5) * STRIDE
    y = (ops.arange(ROWS, dtype="float32") + 0.5) * STRIDE
    return ops.tile(x[None], (ROWS, 1)), ops.tile(y[:, None], (1, COLUMNS))


def overlaps(boxes: keras.KerasTensor) -> keras.KerasTensor:
    """Intersection over union (N, K, K) of boxes (N, K, 4) with each other."""
    first, second = ops.expand_dims(boxes, 2), ops.expand_dims(boxes, 1)
    sides = ops.minimum(first[..., 2:], second[..., 2:]) - ops.maximum(first[..., :2], second[..., :2])
    shared = ops.prod(ops.maximum(sides, 0.0), axis=-1)
    area = ops.prod(boxes[..., 2:] - boxes[..., :2], axis=-1)
    return shared / (ops.expand_dims(area, 2) + ops.expand_dims(area, 1) - shared + 1e-6)


def conv(
    x: keras.KerasTensor, width: int, name: str, side: int = 3, strides: int = 1, active: bool = True
) -> keras.KerasTensor:
    """A convolution with its normalisation and, unless it is not ``active``, a rectifier; ``side`` is the kernel's."""
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


def residual(x: keras.KerasTensor, width: int, name: str) -> keras.KerasTensor:
    """What comes in with one more convolution added to it, rectified (He et al. 2015)."""
    y = conv(x, width, f"{name}_a", active=False)
    return layers.Activation("relu", name=f"{name}_out")(layers.Add(name=f"{name}_add")([x, y]))


def _widened(x: keras.KerasTensor, finer: keras.KerasTensor, width: int, name: str) -> keras.KerasTensor:
    """Coarse features brought to a finer map and joined with it."""
    if x.shape[-1] != width:
        x = layers.Conv2D(width, 1, use_bias=False, name=f"{name}_narrow")(x)
    x = layers.UpSampling2D(2, name=f"{name}_grow")(x)
    # An odd number of rows grew by one when it was halved.
    over = x.shape[1] - finer.shape[1], x.shape[2] - finer.shape[2]
    x = layers.Cropping2D(((0, over[0]), (0, over[1])), name=f"{name}_crop")(x) if any(over) else x
    return conv(layers.Add(name=f"{name}_add")([x, finer]), width, f"{name}_join")
