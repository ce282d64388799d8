"""Look at FER2013 and FER+ before believing them: python -m training.explore (see --help)."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np
import plotly.graph_objects as go

from domain import EMOTIONS, ClassmoodError
from training import data, report
from training.evaluate import REPORTS

USAGE_NAMES = {code: name for name, code in data.USAGES.items()}


def balance(faces: data.Faces) -> report.Section:
    """How many faces of each emotion there are, by usage and by label set."""
    present = [usage for usage in USAGE_NAMES if (faces.usage == usage).any()]
    counts = {USAGE_NAMES[usage]: np.bincount(faces.part(usage).labels, minlength=len(EMOTIONS)) for usage in present}
    won = data.majority(faces.votes)
    shares = {"FER2013": np.bincount(faces.labels, minlength=len(EMOTIONS)) / len(faces)}
    if (won >= 0).any():
        shares["FER+ majority"] = np.bincount(won[won >= 0], minlength=len(EMOTIONS)) / (won >= 0).sum()
    rows = [(name, *map(int, counted), int(counted.sum())) for name, counted in counts.items()]
    return "Class balance", [
        report.table(("usage", *EMOTIONS, "all"), rows),
        report.bars({name: list(part) for name, part in shares.items()}, "share of faces"),
    ]


def faults(faces: data.Faces) -> report.Section:
    """Blank pictures, rows that stand twice, and equal pictures with unequal labels."""
    groups = repeated(faces.images)
    conflicts = [rows for rows in groups if len(set(faces.labels[rows])) > 1]
    _, dropped = data.clean_training(faces)
    rows = [
        ("blank pictures", int(data.blanks(faces.images).sum())),
        ("pictures that stand more than once", len(groups)),
        ("of these, with conflicting labels", len(conflicts)),
        ("training rows that also stand in a test set, left out of training", dropped.duplicates),
        ("blank training rows, left out of training", dropped.blank),
    ]
    text = f"Two pictures count as one where they differ by at most {data.DUPLICATE_RMS:g} gray levels RMS."
    return "Faults", [report.table(("fault", "count"), rows), report.paragraph(text)]


def repeated(images: np.ndarray) -> list[np.ndarray]:
    """Rows of uint8 (N, 48, 48) that show one picture, as groups of two or more; blank pictures are left out."""
    rows = np.flatnonzero(~data.blanks(images))
    first = np.arange(len(rows))
    for row, other in data.twins(images[rows], images[rows]):
        first[row] = min(first[row], first[other])
    order = np.argsort(first, kind="stable")
    groups = np.split(rows[order], np.flatnonzero(np.diff(first[order])) + 1)
    return [group for group in groups if len(group) > 1]


def pixels(faces: data.Faces) -> report.Section:
    """Mean faces, and how bright and how rich in contrast the pictures are."""
    present = [index for index in range(len(EMOTIONS)) if (faces.labels == index).any()]
    means = np.stack([faces.images[faces.labels == index].mean(axis=0) for index in present])
    flat = faces.images.reshape(len(faces), -1)
    figure = go.Figure(
        [
            go.Histogram(x=flat.mean(axis=1), name="mean", nbinsx=60),
            go.Histogram(x=flat.std(axis=1), name="standard deviation", nbinsx=60),
        ]
    )
    figure.update_layout(barmode="overlay")
    figure.update_traces(opacity=0.6)
    figure.update_xaxes(title="gray levels of one picture")
    figure.update_yaxes(title="pictures")
    spread = (
        f"Pictures differ widely in light: their means have a standard deviation of {flat.mean(axis=1).std():.0f} gray "
        "levels. The network therefore brings each picture to the same mean and contrast first."
    )
    # One stretch for all means: they are flat by nature, but stay comparable.
    stretched = (means - means.min()) * 255 / max(float(np.ptp(means)), 1.0)
    mean_faces = report.pictures(stretched, [EMOTIONS[index] for index in present])
    caption = "Mean face of each emotion, all stretched alike to full contrast."
    return "Pixels", [report.paragraph(caption), mean_faces, figure, report.paragraph(spread)]


def agreement(faces: data.Faces) -> report.Section:
    """How FER+'s ten taggers see the faces that FER2013 calls one emotion, and how sure they are."""
    voted = faces.votes.sum(axis=1) > 0
    if not voted.any():
        return "FER+", [report.paragraph("No FER+ votes beside these pictures.")]
    labels, votes = faces.labels[voted], faces.votes[voted]
    shares = votes / votes.sum(axis=1, keepdims=True)
    # The seven emotions first, in our order, so that agreement stands on the diagonal.
    others = [column for column in range(len(data.VOTE_NAMES)) if column not in data.VOTE_COLUMNS]
    columns = [*data.VOTE_COLUMNS, *others]
    heading = [
        *EMOTIONS,
        *("no face" if data.VOTE_NAMES[column] == "NF" else data.VOTE_NAMES[column] for column in others),
    ]
    rows = np.stack(
        [
            shares[labels == index].mean(axis=0)[columns] if (labels == index).any() else np.zeros(len(columns))
            for index in range(len(EMOTIONS))
        ]
    )
    index = np.full(len(data.VOTE_NAMES), -1)
    index[list(data.VOTE_COLUMNS)] = np.arange(len(EMOTIONS))
    same = float(np.mean(index[votes.argmax(axis=1)] == labels))
    won = data.majority(votes)
    text = (
        f"Most of FER+'s votes fall on FER2013's label for {same:.1%} of the faces. More than five of ten agree on one "
        f"of the seven emotions for {np.mean(won >= 0):.1%}; of these, FER2013 says the same for "
        f"{np.mean(won[won >= 0] == labels[won >= 0]):.1%}."
    )
    sure = go.Figure(go.Histogram(x=votes.max(axis=1), histnorm="percent"))
    sure.update_layout(bargap=0.1)
    sure.update_xaxes(title="votes for the winner, of ten", dtick=1)
    sure.update_yaxes(title="% of faces")
    return "FER+ against FER2013", [
        report.paragraph(text),
        report.matrix(rows, EMOTIONS, heading, "FER+ votes", "FER2013 label"),
        sure,
    ]


def parser() -> argparse.ArgumentParser:
    """The options of the command."""
    options = argparse.ArgumentParser(
        prog="python -m training.explore",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
        description="Write one HTML page about FER2013: balance, faults, pixels, agreement.",
    )
    options.add_argument(
        "--data", type=Path, default=data.DEFAULT_DATA, help="FER2013, as for python -m training.train"
    )
    options.add_argument("--out", type=Path, default=REPORTS / "fer2013.html", help="the HTML page")
    return options


def main(arguments: list[str] | None = None) -> int:
    """Run the command; returns its exit code."""
    given = parser().parse_args(arguments)
    sections = []
    try:
        faces = data.load(given.data)
        for part in (balance, faults, pixels, agreement):
            sections.append(part(faces))
            print(f"{sections[-1][0]}: done")
    except ClassmoodError as error:
        print(error, file=sys.stderr)
        return 2
    report.write_page(given.out, f"FER2013: {len(faces):,} faces", sections)
    print(f"-> {given.out}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
