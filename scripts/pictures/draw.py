"""Draws what was asked, as near to Grafana as paper comes; run by a Python that has matplotlib.

Usage: draw.py ANSWERS.json FOLDER
"""

import io
import json
import math
import sys
from pathlib import Path
from typing import Any

import matplotlib as mpl  # type: ignore[import-not-found, unused-ignore]  # not a dependency

mpl.use("Agg")
import matplotlib.pyplot as plt  # type: ignore[import-not-found, unused-ignore]
from PIL import Image  # type: ignore[import-not-found, unused-ignore]

Json = dict[str, Any]
CELL_X, CELL_Y, DPI = 0.58, 0.34, 75
COLOURS = {"green": "#3a9d5d", "yellow": "#e0a800", "red": "#cc3d3d"}
MOST_NAMED, LONGEST_NAME = 9, 34
# What is apart by more is no line.
LONGEST_GAP_S = 10.0


def draw(page: Json, path: Path) -> None:
    bottom = max(panel["place"]["y"] + panel["place"]["h"] for panel in page["panels"])
    figure = plt.figure(figsize=(24 * CELL_X, bottom * CELL_Y), facecolor="white")
    for row in page["rows"]:
        figure.text(0.02, 1 - (row["top"] + 0.8) / bottom, row["title"], fontsize=13, color="#555555")
    for panel in page["panels"]:
        place = panel["place"]
        left, width = (place["x"] + 1.4) / 24, (place["w"] - 2.0) / 24
        low = 1 - (place["y"] + place["h"] - 1.2) / bottom
        axes = figure.add_axes((left, low, width, (place["h"] - 2.6) / bottom))
        axes.set_title(panel["title"], loc="left", fontsize=10, fontweight="bold")
        if panel["kind"] == "timeseries":
            axes.set_xlim(0, page["lasts_s"])
        {"stat": _number, "bargauge": _bars, "timeseries": _lines}[panel["kind"]](axes, panel)
    _save(figure, path)


def _save(figure: Any, path: Path) -> None:
    """In few colours, which makes it small."""
    drawn = io.BytesIO()
    figure.savefig(drawn, dpi=DPI)
    plt.close(figure)
    Image.open(drawn).convert("RGB").quantize(64).save(path, optimize=True)


def _number(axes: Any, panel: Json) -> None:
    values = [float(line["points"][-1][1]) for line in panel["lines"]]
    axes.set_axis_off()
    text = _text(values[0], panel["unit"]) if values and values[0] == values[0] else "none"
    colour = _colour(values[0], panel) if values else "grey"
    axes.text(0.5, 0.4, text, ha="center", va="center", fontsize=22, color=colour, fontweight="bold")


def _bars(axes: Any, panel: Json) -> None:
    values = [float(line["points"][-1][1]) for line in panel["lines"]]
    axes.barh(range(len(values)), values, color=[_colour(value, panel) for value in values])
    for number, line in enumerate(panel["lines"]):
        axes.text(0.02, number, f"{line['name']}: {values[number]:g}", va="center", fontsize=9, color="white")
    axes.set_axis_off()


def _lines(axes: Any, panel: Json) -> None:
    axes.grid(visible=True, color="#e6e6e6", linewidth=0.6)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(labelsize=8)
    axes.xaxis.set_major_locator(mpl.ticker.MultipleLocator(60))
    axes.xaxis.set_major_formatter(lambda value, _: f"{value / 60:.0f} min")
    shown = [line for line in panel["lines"] if any(_is_number(value) for _, value in line["points"])]
    if not shown:
        axes.text(0.5, 0.5, "nothing", ha="center", va="center", color="grey", transform=axes.transAxes)
        axes.set_yticks([])
        return
    if panel["logarithmic"]:
        axes.set_yscale("symlog", linthresh=10)
    (_areas if panel["stacked"] else _curves)(axes, shown)
    for limit in panel["limits"]:
        axes.axhline(limit["value"], color=COLOURS[limit["color"]], linestyle="--", linewidth=1)
    _upright(axes, panel)
    _named(axes)


def _upright(axes: Any, panel: Json) -> None:
    """From 0, at numbers that people count by."""
    top = max(axes.get_ylim()[1], 1.0 if panel["unit"] == "short" else 0.001)
    axes.set_ylim(0, top)
    if panel["unit"] == "s":
        fitting = [
            step for step in (0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10, 30, 60, 120, 3600, 7200) if top / step <= 6
        ]
        axes.yaxis.set_major_locator(mpl.ticker.MultipleLocator(fitting[0] if fitting else top))
    axes.yaxis.set_major_formatter(lambda value, _: _text(value, panel["unit"]))


def _named(axes: Any) -> None:
    handles, names = axes.get_legend_handles_labels()
    if any(names):
        short = [name if len(name) <= LONGEST_NAME else f"…{name[-LONGEST_NAME:]}" for name in names]
        axes.legend(handles, short, loc="upper left", bbox_to_anchor=(1.0, 1.04), fontsize=7, frameon=False)
        box = axes.get_position()
        axes.set_position([box.x0, box.y0, box.width * 0.68, box.height])


def _curves(axes: Any, lines: list[Json]) -> None:
    for line in sorted(lines, key=_largest, reverse=True)[:MOST_NAMED]:
        points: list[tuple[float, float]] = []
        for at, value in ((float(at), float(value)) for at, value in line["points"] if _is_number(value)):
            if points and at - points[-1][0] > LONGEST_GAP_S:
                points.append((at, math.nan))
            points.append((at, value))
        axes.plot(*zip(*points, strict=True), label=line["name"], linewidth=1.3)


def _areas(axes: Any, lines: list[Json]) -> None:
    """Where a line has no value it adds none."""
    instants = sorted({float(at) for line in lines for at, _ in line["points"]})
    known = [{float(at): float(value) for at, value in line["points"] if _is_number(value)} for line in lines]
    drawn = [(line, values) for line, values in zip(lines, known, strict=True) if any(values.values())]
    if drawn:
        heights = [[values.get(at, 0.0) for at in instants] for _, values in drawn]
        axes.stackplot(instants, heights, labels=[line["name"] for line, _ in drawn], alpha=0.8, linewidth=0)


def _largest(line: Json) -> float:
    return max(float(value) for _, value in line["points"] if _is_number(value))


def _is_number(value: str) -> bool:
    return value not in {"NaN", "+Inf", "-Inf"}


def _colour(value: float, panel: Json) -> str:
    reached = [limit["color"] for limit in panel["limits"] if value >= limit["value"]]
    return COLOURS[reached[-1] if reached else "green"]


def _text(value: float, unit: str) -> str:
    if unit == "percentunit":
        return f"{value:.0%}"
    if unit != "s":
        return f"{value:,.10g}" if value < 10 else f"{value:,.0f}"
    for size, name in ((3600, "h"), (60, "min"), (1, "s")):
        if value >= size:
            return f"{value / size:.3g} {name}"
    return f"{value * 1000:.3g} ms" if value else "0"


if __name__ == "__main__":
    for each in json.loads(Path(sys.argv[1]).read_text()):
        draw(each["page"], Path(sys.argv[2]) / each["file"])
