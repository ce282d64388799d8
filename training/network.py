"""The emotion network: one residual trunk with squeeze-and-excitation, two heads, preprocessing inside the graph."""

# pyright: reportArgumentType=false
# Keras types its arguments by their defaults: an axis may also be a list.

from __future__ import annotations

from pathlib import Path

import keras
from keras import layers

from domain import EMOTIONS, ModelError
from training.data import OUTPUTS

STEM_WIDTH = 32
STAGES = ((64, 1), (96, 2), (176, 2))
"""Channels and residual blocks at 24, 12 and 6 px: each stage halves the picture; widths of 16s suit vector units."""
SQUEEZE = 8
"""How much narrower the middle of a squeeze-and-excitation is (Hu et al. 2018)."""
FLAT_VARIANCE = 64.0
"""Added to each picture's variance: the noise of a nearly flat picture is not blown up to full contrast."""


def emotion_network(dropout: float = 0.2, gates: bool = True, width: float = 1.0) -> keras.Model:
    """The untrained network of the current precision policy; the shipped one has gates and width 1.

    Input ``input`` float32 (N, H, W, 1), raw gray 0 to 255, of any size (48 px where it is used, less for a part of the
    training); outputs two float32 (N, 7) in the order of ``OUTPUTS``. ``gates`` are those of squeeze-and-excitation,
    ``width`` multiplies all channels (both for comparisons).
    """
    image = keras.Input((None, None, 1), name="input")
    # Each picture to mean 0 and deviation 1: gain and offset of a camera fall away.
    x = layers.LayerNormalization(
        axis=[1, 2, 3], center=False, scale=False, epsilon=FLAT_VARIANCE, dtype="float32", name="standardise"
    )(image)
    x = _conv(x, round(STEM_WIDTH * width), "stem")
    for number, (full, blocks) in enumerate(STAGES, start=1):
        channels = round(full * width)
        x = _conv(x, channels, f"stage{number}_down", strides=2)
        for block in range(1, blocks + 1):
            x = _residual(x, channels, f"stage{number}_block{block}", gates)
    x = layers.GlobalAveragePooling2D(name="pool")(x)
    x = layers.Dropout(dropout, name="dropout")(x)
    outputs = []
    for name in OUTPUTS:
        logits = layers.Dense(len(EMOTIONS), dtype="float32", name=f"{name}_logits")(x)
        outputs.append(layers.Softmax(dtype="float32", name=name)(logits))
    return keras.Model(image, outputs, name="emotion")


def read_weights(model: keras.Model, path: Path) -> None:
    """Give a network the weights of a ``.keras`` checkpoint or a ``.weights.h5`` file, of whatever precision.

    Raises ModelError when the file is missing or of another network.
    """
    try:
        if path.name.endswith(".weights.h5"):
            model.load_weights(path)
        else:
            stored = keras.models.load_model(path, compile=False)
            model.set_weights(stored.get_weights())  # pyright: ignore[reportAttributeAccessIssue, reportOptionalMemberAccess]
    except (OSError, ValueError) as error:
        raise ModelError(
            f"cannot read the {model.name} network's weights in {path} ({str(error).splitlines()[0]}); expected "
            f"training/weights/{model.name}.weights.h5 or a checkpoint of its training"
        ) from None


def _conv(x: keras.KerasTensor, width: int, name: str, strides: int = 1, active: bool = True) -> keras.KerasTensor:
    x = layers.Conv2D(
        width, 3, strides=strides, padding="same", use_bias=False, kernel_initializer="he_normal", name=f"{name}_conv"
    )(x)
    x = layers.BatchNormalization(momentum=0.98, name=f"{name}_norm")(x)
    return layers.Activation("relu", name=f"{name}_relu")(x) if active else x


def _residual(x: keras.KerasTensor, width: int, name: str, gated: bool) -> keras.KerasTensor:
    y = _conv(x, width, f"{name}_a")
    y = _conv(y, width, f"{name}_b", active=False)
    if gated:
        gate = layers.GlobalAveragePooling2D(keepdims=True, name=f"{name}_squeeze")(y)
        gate = layers.Conv2D(max(1, width // SQUEEZE), 1, activation="relu", name=f"{name}_narrow")(gate)
        gate = layers.Conv2D(width, 1, activation="sigmoid", name=f"{name}_gate")(gate)
        y = layers.Multiply(name=f"{name}_weigh")([y, gate])
    return layers.Activation("relu", name=f"{name}_out")(layers.Add(name=f"{name}_add")([x, y]))
