"""Draws the pictures and house advertisements of the sample edition. A developer's tool: the app never imports it.

    npm pack world-atlas && tar xf world-atlas-*.tgz        # Natural Earth as TopoJSON, public domain; not kept here
    python tools/edition_pictures.py --atlas package        # all of them
    python tools/edition_pictures.py --atlas package geminids merkle-tree

Every picture is a function that returns SVG; Chromium (on the PATH, or CHROME_PATH) renders it and Pillow writes the JPEG.
One file in spite of its length, because the pictures share one palette and one set of strokes and nothing else uses them.
"""

import argparse
import html
import io
import json
import math
import os
import random
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

EDITION = Path(__file__).resolve().parent.parent / "webapp" / "demo" / "edition"

INK, PAPER, ACCENT = "#1a1a1a", "#f6f3ec", "#b3261e"
MIST, SLATE = "#d3dbe1", "#5f7486"
SERIF = "'Liberation Serif', 'Times New Roman', serif"
SANS = "'Liberation Sans', Arial, sans-serif"
SMALLEST = 34  # px at 1600 px wide: still 8 px on a 390 px telephone

Point = tuple[float, float]


# --- strokes -----------------------------------------------------------------------------------------------------------


def attributes(**given: object) -> str:
    return "".join(f' {name.replace("_", "-")}="{value}"' for name, value in given.items())


def text(
    x: float, y: float, words: str, size: float = 38, *, fill: str = INK, anchor: str = "start", family: str = SERIF, **more: object
) -> str:
    more = {"font_size": size, "fill": fill, "text_anchor": anchor, "font_family": family} | more
    return f'<text x="{x:.1f}" y="{y:.1f}"{attributes(**more)}>{html.escape(words)}</text>'


def note(x: float, y: float, words: str, size: float = SMALLEST, *, fill: str = SLATE, **more: Any) -> str:
    return text(x, y, words, size, fill=fill, family=SANS, **more)


def haloed(x: float, y: float, words: str, size: float, *, halo: str = PAPER, **more: Any) -> str:
    return text(x, y, words, size, stroke=halo, stroke_width=9, stroke_linejoin="round", paint_order="stroke", **more)


def shape(d: str, *, fill: str = "none", stroke: str = INK, width: float = 3, **more: object) -> str:
    pen = attributes(fill=fill, stroke=stroke, stroke_width=width, stroke_linejoin="round", stroke_linecap="round", **more)
    return f'<path d="{d}"{pen}/>'


def line(x1: float, y1: float, x2: float, y2: float, **more: Any) -> str:
    return shape(f"M{x1:.1f},{y1:.1f}L{x2:.1f},{y2:.1f}", **more)


def track(points: list[Point], **more: Any) -> str:
    return shape("M" + "L".join(f"{x:.1f},{y:.1f}" for x, y in points), **more)


def box(
    x: float, y: float, width: float, height: float, *, fill: str = "none", stroke: str = INK, line_width: float = 3, radius: float = 0
) -> str:
    return (
        f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" rx="{radius}"'
        f"{attributes(fill=fill, stroke=stroke, stroke_width=line_width)}/>"
    )


def dot(x: float, y: float, radius: float, *, fill: str = INK, stroke: str = "none", width: float = 0, **more: object) -> str:
    return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius:.1f}"{attributes(fill=fill, stroke=stroke, stroke_width=width, **more)}/>'


def pointed_arch(centre: float, foot: float, width: float, height: float) -> str:
    """Path of a Gothic arch with y upwards."""
    half, spring = width / 2, foot + height - width * 0.8
    top = foot + height
    return (
        f"M{centre - half},{foot}V{spring}Q{centre - half},{spring + width * 0.5} {centre},{top}"
        f"Q{centre + half},{spring + width * 0.5} {centre + half},{spring}V{foot}"
    )


def round_arch(centre: float, foot: float, width: float, height: float) -> str:
    """Path of a round arch with y downwards."""
    half = width / 2
    left, right, spring = centre - half, centre + half, foot - height + half
    return f"M{left:.1f},{foot:.1f}V{spring:.1f}A{half:.1f},{half:.1f} 0 0 1 {right:.1f},{spring:.1f}V{foot:.1f}Z"


def hatching(name: str, colour: str, gap: int = 14, width: float = 3) -> str:
    return (
        f'<pattern id="{name}" width="{gap}" height="{gap}" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">'
        f'<line x1="0" y1="0" x2="0" y2="{gap}" stroke="{colour}" stroke-width="{width}"/></pattern>'
    )


# --- maps --------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Window:
    """An equirectangular view: degrees in, pixels out. `scale` is pixels a degree of latitude, true at `latitude`."""

    west: float
    north: float
    scale: float
    latitude: float

    def place(self, longitude: float, latitude: float) -> Point:
        return (longitude - self.west) * self.scale * math.cos(math.radians(self.latitude)), (self.north - latitude) * self.scale


def unwrapped(ring: list[Point]) -> list[Point]:
    """A ring that crosses the date line, moved to one side of it: drawn as it is, it would be a streak across the whole map."""
    longitudes = [longitude for longitude, _ in ring]
    if max(longitudes) - min(longitudes) < 300:
        return ring
    return [(longitude + 360 if longitude < 0 else longitude, latitude) for longitude, latitude in ring]


class Atlas:
    """The countries of one world-atlas file (TopoJSON: shared borders as delta-coded arcs)."""

    def __init__(self, file: Path) -> None:
        topology = json.loads(file.read_text())
        (sx, sy), (tx, ty) = topology["transform"]["scale"], topology["transform"]["translate"]
        self.arcs: list[list[Point]] = []
        for arc in topology["arcs"]:
            x, y = 0, 0
            points = []
            for dx, dy in arc:
                x, y = x + dx, y + dy
                points.append((x * sx + tx, y * sy + ty))
            self.arcs.append(points)
        self.countries = topology["objects"]["countries"]["geometries"]

    def rings(self, country: dict[str, Any]) -> Iterator[list[Point]]:
        polygons = country["arcs"] if country["type"] == "MultiPolygon" else [country["arcs"]]
        for polygon in polygons:
            for ring in polygon:
                yield unwrapped([point for i in ring for point in (self.arcs[i] if i >= 0 else self.arcs[~i][::-1])])

    def draw(self, window: Window, fills: dict[str, str], *, other: str, border: str, width: float, only: tuple[str, ...] = ()) -> str:
        """All countries; those named in `fills` last, so that their outline is on top."""
        parts = []
        for country in sorted(self.countries, key=lambda c: c["properties"]["name"] in fills):
            if only and country["properties"]["name"] not in only:
                continue
            d = "".join("M" + "L".join("{:.1f},{:.1f}".format(*window.place(*p)) for p in ring) + "Z" for ring in self.rings(country))
            fill = fills.get(country["properties"]["name"], other)
            parts.append(shape(d, fill=fill, stroke=border, width=width, fill_rule="evenodd"))
        return "".join(parts)


def syria_map(atlas: Path) -> str:
    window = Window(west=33.0, north=37.95, scale=161.6, latitude=34.8)
    land = Atlas(atlas / "countries-10m.json").draw(window, {"Syria": PAPER}, other="#e4e0d6", border=SLATE, width=3)
    parts = [box(0, 0, 1600, 1067, fill=MIST, stroke="none"), land]
    for words, longitude, latitude in (("TURKEY", 39.4, 37.25), ("IRAQ", 42.9, 33.4), ("JORDAN", 37.2, 31.75)):
        x, y = window.place(longitude, latitude)
        parts.append(text(x, y, words, 40, fill=SLATE, anchor="middle", letter_spacing=10))
    for words, (x, y), target in (("LEBANON", (36, 700), (35.72, 33.95)), ("ISRAEL", (36, 880), (34.98, 32.35))):
        tx, ty = window.place(*target)
        parts += [
            text(x, y, words, 38, fill=SLATE, letter_spacing=5),
            line(x + (215 if words == "LEBANON" else 160), y - 12, tx, ty, stroke=SLATE, width=2),
        ]
    parts.append(text(28, 560, "Mediterranean", 40, fill=SLATE, font_style="italic"))
    parts.append(text(28, 606, "Sea", 40, fill=SLATE, font_style="italic"))
    x, y = window.place(39.5, 35.05)
    parts.append(text(x, y, "SYRIA", 76, anchor="middle", letter_spacing=26))
    for words, longitude, latitude, dx, dy, anchor in (
        ("Aleppo", 37.16, 36.20, 20, 14, "start"),
        ("Latakia", 35.78, 35.53, -20, 14, "end"),
        ("Homs", 36.72, 34.73, 20, 14, "start"),
        ("Saydnaya", 36.377, 33.696, 24, -2, "start"),
    ):
        x, y = window.place(longitude, latitude)
        parts += [
            dot(x, y, 9, stroke=PAPER, width=3),
            haloed(x + dx, y + dy, words, 42, halo=MIST if anchor == "end" else PAPER, anchor=anchor),
        ]
    x, y = window.place(36.297, 33.513)
    parts += [dot(x, y, 17, fill=ACCENT, stroke=PAPER, width=4), haloed(x + 34, y + 44, "Damascus", 60, fill=ACCENT, font_weight="bold")]
    kilometres = 161.6 / 111.2 * 100
    parts += [
        track([(1380, 1000), (1380, 1014), (1380 + kilometres, 1014), (1380 + kilometres, 1000)], width=3),
        note(1380, 985, "100 km", fill=INK),
    ]
    return "".join(parts)


def world_cup_hosts(atlas: Path) -> str:
    window = Window(west=-118, north=59, scale=7.9, latitude=0)
    fills = dict.fromkeys(("Spain", "Portugal", "Morocco"), ACCENT) | dict.fromkeys(("Uruguay", "Argentina", "Paraguay"), "url(#opening)")
    world = Atlas(atlas / "countries-110m.json")
    land = world.draw(window, fills | {"Saudi Arabia": INK}, other=MIST, border=PAPER, width=1.5)
    # The source counts most of Western Sahara to Morocco. FIFA's host is the country north of 27°40'.
    _, south = window.place(0, 27.667)
    land += f'<clipPath id="south"><rect y="{south:.1f}" width="1600" height="900"/></clipPath><g clip-path="url(#south)">'
    land += world.draw(window, {}, other=MIST, border=PAPER, width=1.5, only=("Morocco", "W. Sahara")) + "</g>"
    opening = (
        '<pattern id="opening" width="12" height="12" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">'
        f'<rect width="12" height="12" fill="{PAPER}"/><rect width="6" height="12" fill="{ACCENT}"/></pattern>'
    )
    parts = [f"<defs>{opening}</defs>", land]
    parts += [
        haloed(560, 196, "2030", 64, fill=ACCENT, font_weight="bold"),
        haloed(560, 242, "Spain, Portugal,", 38),
        haloed(560, 286, "Morocco", 38),
    ]
    parts += [line(730, 176, 850, 166, stroke=ACCENT, width=3)]
    parts += [
        haloed(40, 640, "2030", 64, fill=ACCENT, font_weight="bold"),
        haloed(40, 688, "One match each:", 38),
        haloed(40, 732, "Uruguay, Argentina,", 38),
    ]
    parts += [haloed(40, 776, "Paraguay", 38), line(194, 618, 408, 640, stroke=ACCENT, width=3)]
    parts += [haloed(1340, 500, "2034", 64, font_weight="bold"), haloed(1340, 548, "Saudi Arabia", 38), line(1355, 446, 1310, 310, width=3)]
    return "".join(parts)


# --- drawings ----------------------------------------------------------------------------------------------------------


def umayyad_mosque(_: Path) -> str:
    """The courtyard seen from the north: transept and dome in the middle, arcades in perspective at the sides."""
    eye = (800.0, 650.0)
    parts = [box(0, 0, 1600, 1067, fill=MIST, stroke="none"), dot(1240, 200, 78, fill=PAPER)]
    parts += [minaret(212, 650, 60, (470, 320, 190)), minaret(1388, 650, 76, (400, 250, 140))]
    # Dome on its drum, behind the gable.
    parts += [box(690, 235, 220, 70, fill=SLATE), shape("M682,236C682,120 760,86 800,60C840,86 918,120 918,236Z", fill=SLATE)]
    parts += [line(800, 60, 800, 20, width=5), dot(800, 36, 8)]
    parts += [line(800 + i * 50, 240, 800 + i * 50, 302, stroke=MIST, width=8) for i in (-1.5, -0.5, 0.5, 1.5)]
    # Prayer hall: long roof, wall with two tiers of arches.
    parts += [shape("M150,470L230,398H1370L1450,470Z", fill=SLATE), box(150, 470, 1300, 210, fill=PAPER)]
    for x in range(180, 1420, 59):
        if not 600 < x < 1000:
            parts.append(shape(round_arch(x + 16, 530, 22, 40), fill=INK, stroke="none"))
    for i in range(11):
        centre = 208 + i * 118.4
        if not 590 < centre < 1010:
            parts.append(shape(round_arch(centre, 680, 78, 126), fill=INK, stroke="none"))
    parts += [transept()]
    parts += [side_arcade(eye, side) for side in (-1, 1)]
    # Floor: joints run to the vanishing point, rows come closer together with distance.
    parts.append(shape("M150,680H1450L1600,735V1067H0V735Z", fill="#e9e4d8", stroke="none"))
    joints = [line(eye[0] + (x - eye[0]) * 0.075, 682, x, 1067, stroke=SLATE, width=1.5, opacity=0.55) for x in range(-4800, 6500, 320)]
    rows = [line(0, y, 1600, y, stroke=SLATE, width=1.5, opacity=0.55) for y in (700, 722, 750, 786, 832, 890, 964)]
    parts.append(
        '<clipPath id="floor"><path d="M150,681H1450L1600,735V1067H0V735Z"/></clipPath>'
        f'<g clip-path="url(#floor)">{"".join(joints + rows)}</g>'
    )
    parts.append(treasury(1225, 760))
    for x, y, size in (
        (420, 800, 62),
        (452, 806, 56),
        (690, 740, 40),
        (706, 741, 36),
        (880, 760, 44),
        (960, 905, 92),
        (1020, 912, 84),
        (1052, 905, 50),
    ):
        parts.append(walker(x, y, size))
    return "".join(parts)


def minaret(x: float, foot: float, width: float, galleries: tuple[float, float, float]) -> str:
    low, middle, high = galleries
    reach = width * 0.3
    parts = [box(x - width / 2, low, width, foot - low, fill=PAPER), box(x - width * 0.38, middle, width * 0.76, low - middle, fill=PAPER)]
    parts += [box(x - width * 0.26, high, width * 0.52, middle - high, fill=PAPER)]
    parts += [
        shape(
            f"M{x - reach},{high}Q{x - reach},{high - 40} {x},{high - 92}Q{x + reach},{high - 40} {x + reach},{high}Z",
            fill=SLATE,
        )
    ]
    parts += [line(x, high - 92, x, high - 122, width=4)]
    for y, share in ((low, 0.68), (middle, 0.54), (high, 0.4)):
        parts.append(box(x - width * share, y - 10, width * share * 2, 20, fill=PAPER))
    for y in (low + 70, middle + 60, high + 50):
        parts.append(shape(round_arch(x, y, width * 0.22, 40), fill=INK, stroke="none"))
    return "".join(parts)


def transept() -> str:
    parts = [shape("M600,680V330L800,232L1000,330V680Z", fill=PAPER, width=4), shape("M585,336L800,228L1015,336", width=7)]
    parts += [shape(round_arch(800, 680, 330, 300), fill=MIST), box(635, 545, 330, 135, fill=PAPER)]
    parts += [shape(round_arch(x, 520, 70, 96), fill=SLATE, stroke="none") for x in (715, 800, 885)]
    parts += [shape(round_arch(x, 680, 88, 120), fill=INK, stroke="none") for x in (694, 800, 906)]
    parts += [dot(800, 318, 22, fill=SLATE)]
    # The mosaics under the gable, as a hint of foliage.
    parts += [dot(800 + i * 38, 352 + abs(i) * 3, 7, fill=SLATE) for i in (-3, -2, -1, 1, 2, 3)]
    return "".join(parts)


def side_arcade(eye: Point, side: int) -> str:
    """One side of the yard. `depth` runs from 0 at the picture's edge to 1 at the prayer hall."""

    def at(depth: float, height: float) -> Point:
        near, far = 800.0, 650.0
        x = eye[0] + side * (near + (far - near) * depth)
        top, foot = 300 + 170 * depth, 738 - 58 * depth
        return x, foot + (top - foot) * height

    wall = [at(0, 0), at(0, 1), at(1, 1), at(1, 0)]
    parts = [track([*wall, wall[0]], fill=MIST)]
    for i in range(3):
        start, end = i / 3 + 0.05, (i + 1) / 3 - 0.05
        spring, crown = 0.42, 0.62
        (x1, y1), (x2, y2), (cx, cy) = at(start, 0), at(end, 0), at((start + end) / 2, crown + 0.12)
        (sx, sy), (ex, ey) = at(start, spring), at(end, spring)
        parts.append(shape(f"M{x1},{y1}L{sx},{sy}Q{cx},{cy} {ex},{ey}L{x2},{y2}Z", fill=SLATE, stroke="none"))
        for share in (0.3, 0.7):
            x, y = at(start + (end - start) * share, 0.72)
            parts.append(shape(round_arch(x, y, 10, 46 - 14 * start), fill=SLATE, stroke="none"))
    return "".join(parts)


def treasury(x: float, foot: float) -> str:
    """The small domed treasury on columns that stands in the yard."""
    parts = [line(x + dx, foot, x + dx, foot - 92, width=9) for dx in (-62, -24, 24, 62)]
    parts += [box(x - 80, foot - 168, 160, 78, fill=PAPER), shape(f"M{x - 76},{foot - 168}A76,62 0 0 1 {x + 76},{foot - 168}Z", fill=SLATE)]
    parts += [line(x, foot - 230, x, foot - 252, width=4)]
    parts += [dot(x + dx, foot - 128, 12, fill=MIST, stroke=INK, width=2) for dx in (-46, 0, 46)]
    return "".join(parts)


def walker(x: float, foot: float, size: float) -> str:
    half = size * 0.17
    neck = foot - size * 0.7
    body = f"M{x - half},{foot}L{x - half * 0.8},{neck}Q{x},{foot - size * 0.86} {x + half * 0.8},{neck}L{x + half},{foot}Z"
    shadow = f"M{x - half},{foot}L{x + size * 0.8},{foot + size * 0.12}L{x + half},{foot}Z"
    return (
        shape(shadow, fill=SLATE, stroke="none", opacity=0.5)
        + shape(body, fill=INK, stroke="none")
        + dot(x, foot - size * 0.88, size * 0.12)
    )


def notre_dame(_: Path) -> str:
    """The west front in metres (y upwards), with its measures beside it."""
    scale, ground = 9.5, 985
    front = f'<g transform="translate(800,{ground}) scale({scale},-{scale})">{cathedral_front()}</g>'
    parts = [
        box(0, 0, 1600, 1067, fill=PAPER, stroke="none"),
        box(0, ground, 1600, 82, fill=MIST, stroke="none"),
        line(0, ground, 1600, ground, width=4),
        front,
    ]
    left, right = 800 - 20.5 * scale, 800 + 20.5 * scale
    for words, under, x, y, anchor, ends in (
        ("Spire, 96 metres", "oak and lead, new", 980, 130, "start", (805, 118)),
        ("Towers, 69 metres", "unharmed by the fire", 1110, 390, "start", (right, 378)),
        ("Gallery", "slender columns", 490, 620, "end", (left, 628)),
        ("Rose window", "west front, about 1225", 1110, 735, "start", (846, 723)),
        ("Gallery of kings", "28 figures", 490, 815, "end", (left, 810)),
        ("Three portals", "Last Judgement (middle)", 1110, 925, "start", (right, 910)),
    ):
        parts += [text(x, y, words, 44, anchor=anchor), note(x, y + 44, under, anchor=anchor)]
        parts.append(line(x + (12 if anchor == "end" else -12), y - 12, *ends, stroke=ACCENT, width=2.5))
    return "".join(parts)


def cathedral_front() -> str:
    thin, mid = 0.22, 0.34
    parts = [shape("M-0.9,44V62L-0.35,64L0,95L0.35,64L0.9,62V44Z", fill=INK, width=thin), line(0, 95, 0, 97.5, width=mid)]
    parts += [line(-2.2, 62, 2.2, 62, width=mid), line(-1.5, 57, 1.5, 57, width=mid)]
    parts += [shape("M-8,40L0,52L8,40Z", fill=SLATE, width=thin)]
    for centre in (-13.75, 13.75):
        parts += [
            box(centre - 6.25, 40, 12.5, 26.5, fill=PAPER, line_width=mid),
            box(centre - 6.9, 66.3, 13.8, 2.7, fill=MIST, line_width=mid),
        ]
        for dx in (-2.6, 2.6):
            for width, height, fill in ((4.4, 23, MIST), (3.4, 21.8, SLATE), (2.4, 20.4, INK)):
                parts.append(shape(pointed_arch(centre + dx, 41.5, width, height), fill=fill, width=thin))
        parts += [box(centre + dx - 0.7, 40, 1.4, 27, fill=PAPER, line_width=thin) for dx in (-5.9, 5.9)]
    parts.append(box(-20.5, 0, 41, 40, fill=PAPER, line_width=mid))
    for centre, width, height in ((-12.5, 8.4, 13.4), (0, 10, 14.8), (12.5, 8.4, 13.4)):
        for share, fill in ((1, PAPER), (0.86, MIST), (0.72, PAPER), (0.58, MIST)):
            parts.append(shape(pointed_arch(centre, 0, width * share, height * (0.55 + 0.45 * share)), fill=fill, width=thin))
        parts += [
            box(centre - width * 0.29, 0, width * 0.58, 6.4, fill=INK, line_width=thin),
            line(centre, 0, centre, 6.4, stroke=PAPER, width=0.5),
        ]
    parts.append(box(-20.5, 16, 41, 4.6, fill=MIST, line_width=mid))
    for i in range(28):
        x = -19.4 + i * 1.437
        parts += [shape(pointed_arch(x, 16.5, 1.1, 3.6), fill=PAPER, width=0.14), line(x, 16.9, x, 18.7, width=0.42), dot(x, 19.2, 0.3)]
    parts += [rose(0, 27.2, 5.0)]
    for centre in (-12.7, 12.7):
        parts += [shape(pointed_arch(centre, 21.4, 8.4, 11.2), fill=MIST, width=mid), dot(centre, 29.2, 1.25, fill=INK)]
        parts += [shape(pointed_arch(centre + dx, 21.4, 3, 6.8), fill=INK, width=thin) for dx in (-2, 2)]
    parts.append(box(-20.5, 33.4, 41, 6.6, fill=MIST, line_width=mid))
    parts += [shape(pointed_arch(-19.5 + i * 1.5, 33.6, 1.5, 5.8), fill=SLATE, width=0.2, stroke=PAPER) for i in range(27)]
    parts.append(line(-20.8, 40, 20.8, 40, width=0.7))
    for x in (-19, -6.5, 6.5, 19):
        parts.append(shape(f"M{x - 1.5},0V21H{x + 1.5}V0Z", fill=PAPER, width=mid))
        parts.append(shape(f"M{x - 1.2},21V33.4H{x + 1.2}V21Z", fill=PAPER, width=thin))
    return "".join(parts)


def rose(x: float, y: float, radius: float) -> str:
    parts = [dot(x, y, radius, fill=MIST, stroke=INK, width=0.5), dot(x, y, radius * 0.86, fill=INK)]
    for i in range(12):
        turn = math.radians(i * 30)
        parts.append(line(x, y, x + math.cos(turn) * radius * 0.86, y + math.sin(turn) * radius * 0.86, stroke=PAPER, width=0.22))
        turn += math.radians(15)
        parts.append(dot(x + math.cos(turn) * radius * 0.68, y + math.sin(turn) * radius * 0.68, radius * 0.13, fill=ACCENT))
    parts += [
        dot(x, y, radius * 0.42, fill="none", stroke=PAPER, width=0.22),
        dot(x, y, radius * 0.18, fill=ACCENT, stroke=PAPER, width=0.2),
    ]
    return "".join(parts)


# Right ascension and declination in degrees (J2000), magnitude.
GEMINI: dict[str, tuple[float, float, float]] = {
    "Castor": (113.65, 31.89, 1.6), "Pollux": (116.33, 28.03, 1.1), "Alhena": (99.43, 16.40, 1.9), "epsilon": (100.98, 25.13, 3.0),
    "delta": (110.03, 21.98, 3.5), "zeta": (106.03, 20.57, 3.9), "eta": (93.72, 22.51, 3.3), "mu": (95.74, 22.51, 2.9),
    "nu": (97.24, 20.21, 4.1), "tau": (107.78, 30.25, 4.4), "theta": (103.20, 33.96, 3.6), "iota": (111.43, 27.80, 3.8),
    "kappa": (116.11, 24.40, 3.6), "upsilon": (113.98, 26.90, 4.1), "lambda": (109.52, 16.54, 3.6), "xi": (101.32, 12.90, 3.4),
    "1": (91.03, 23.26, 4.2),
}  # fmt: skip
NEIGHBOURS = (
    (81.57, 28.61, 1.65), (89.93, 37.21, 2.6), (84.41, 21.14, 3.0), (88.79, 7.41, 0.5), (111.79, 8.29, 2.9),
    (131.17, 18.15, 3.9), (131.69, 28.76, 4.0),
    (74.25, 33.17, 2.7), (81.28, 6.35, 1.6), (83.78, 9.93, 3.4), (127.57, 9.19, 3.5), (73.72, 10.15, 3.7),
    (90.60, 9.65, 4.1), (92.99, 14.21, 4.4), (100.24, 9.9, 4.5),
)  # fmt: skip
FIGURE = ("Castor tau", "tau epsilon", "epsilon mu", "mu eta", "eta 1", "epsilon nu", "tau theta", "tau iota", "iota upsilon",
          "upsilon Pollux",
          "upsilon kappa", "upsilon delta", "delta zeta", "zeta Alhena", "delta lambda", "lambda xi")  # fmt: skip


def geminids(_: Path) -> str:
    def sky(right_ascension: float, declination: float) -> Point:
        return 800 - (right_ascension - 104) * 26 * math.cos(math.radians(24)), 425 - (declination - 24.3) * 26

    chance = random.Random(20241213)  # the same sky each time
    parts = [box(0, 0, 1600, 900, fill=INK, stroke="none")]
    parts += [dot(chance.uniform(0, 1600), chance.uniform(0, 900), chance.uniform(0.8, 1.9), fill=MIST, opacity=0.45) for _ in range(260)]
    parts += [line(*sky(*GEMINI[a][:2]), *sky(*GEMINI[b][:2]), stroke=SLATE, width=2.5) for a, b in (pair.split() for pair in FIGURE)]
    parts += [
        dot(*sky(ra, dec), 13.5 - 2.4 * magnitude, fill=PAPER, stroke=INK, width=3)
        for ra, dec, magnitude in (*GEMINI.values(), *NEIGHBOURS)
    ]
    x0, y0 = sky(112.0, 33.0)
    for turn, start, length in (
        (8, 190, 150),
        (40, 300, 210),
        (75, 420, 160),
        (103, 210, 120),
        (128, 360, 230),
        (163, 200, 170),
        (196, 140, 120),
        (248, 90, 60),
        (318, 130, 110),
        (345, 330, 240),
        (24, 700, 230),
    ):
        dx, dy = math.cos(math.radians(turn)), math.sin(math.radians(turn))
        head, tail = (x0 + dx * (start + length), y0 + dy * (start + length)), (x0 + dx * start, y0 + dy * start)
        parts.append(
            shape(
                "M{:.1f},{:.1f}L{:.1f},{:.1f}L{:.1f},{:.1f}Z".format(
                    *tail, head[0] - dy * 4, head[1] + dx * 4, head[0] + dy * 4, head[1] - dx * 4
                ),
                fill=PAPER,
                stroke="none",
                opacity=0.92,
            )
        )
    parts += [dot(x0, y0, 19, fill="none", stroke=ACCENT, width=7)]
    names = (("Castor", -26, 4, "end"), ("Pollux", -28, 14, "end"), ("Alhena", 26, 44, "start"))
    for name, dx, dy, anchor in names:
        x, y = sky(*GEMINI[name][:2])
        parts.append(haloed(x + dx, y + dy, name, 46, halo=INK, fill=PAPER, anchor=anchor))
    x, y = sky(88.79, 7.41)
    parts.append(haloed(x - 24, y + 8, "Betelgeuse", 40, halo=INK, fill=MIST, anchor="end"))
    parts.append(haloed(x0 + 44, y0 - 22, "Radiant", 46, halo=INK, fill="#f0867e", font_style="italic"))
    x, y = sky(106.6, 24.9)
    parts.append(text(x, y + 10, "GEMINI", 40, fill=MIST, anchor="middle", letter_spacing=14, opacity=0.8))
    return "".join(parts)


# --- figures and charts ------------------------------------------------------------------------------------------------


def seoul_timeline(_: Path) -> str:
    def at(hours_after_ten: float) -> float:
        return 150 + hours_after_ten * 185

    parts = [box(0, 0, 1600, 900, fill=PAPER, stroke="none"), box(at(0), 420, at(7) - at(0), 60, fill=MIST, stroke="none")]
    parts += [box(at(0.45), 420, at(6.5) - at(0.45), 60, fill=INK, stroke="none")]
    parts.append(text((at(3.02) + at(6.5)) / 2, 464, "Martial law", 42, fill=PAPER, anchor="middle", letter_spacing=4))
    for hour in range(8):
        label = "midnight" if hour == 2 else f"{(10 + hour - 1) % 12 + 1} {'pm' if hour < 2 else 'am'}"
        parts.append(line(at(hour), 480, at(hour), 500, width=3))
        if hour != 3:  # the vote's own line stands there
            parts.append(note(at(hour), 545, label, anchor="middle"))
    for hours, clock, first, second, above in (
        (0.45, "10.27 pm", "The president declares", "martial law on television", True),
        (3.02, "1.01 am", "190 of 300 members are in", "the chamber; all vote to end it", False),
        (6.5, "4.30 am", "The cabinet meets,", "the decree is lifted", True),
    ):
        x, anchor = at(hours), "end" if hours > 6 else "start"
        y = 190 if above else 680
        parts.append(line(x, 450, x, y - 60 if not above else y - 42, stroke=ACCENT, width=4))
        parts.append(dot(x, 450, 18, fill=ACCENT, stroke=PAPER, width=5))
        dx = -22 if anchor == "end" else 22
        parts += [text(x + dx, y, clock, 68, fill=ACCENT, font_weight="bold", anchor=anchor)]
        parts += [text(x + dx, y + 58, first, 44, anchor=anchor), text(x + dx, y + 110, second, 44, anchor=anchor)]
    parts += [
        note(at(2) - 12, 400, "3 December", anchor="end"),
        note(at(2) + 12, 400, "4 December"),
        line(at(2), 366, at(2), 420, stroke=SLATE, width=3),
    ]
    return "".join(parts)


def french_vote(_: Path) -> str:
    seats, rows, inner, outer = 574, 12, 290.0, 665.0
    radii = [inner + (outer - inner) * i / (rows - 1) for i in range(rows)]
    counts = [round(seats * r / sum(radii)) for r in radii]
    counts[-1] += seats - sum(counts)
    places = sorted((math.pi * (1 - i / (n - 1)), r) for r, n in zip(radii, counts, strict=True) for i in range(n))[::-1]
    parts = [box(0, 0, 1600, 900, fill=PAPER, stroke="none")]
    for i, (turn, r) in enumerate(places):
        parts.append(dot(800 + math.cos(turn) * r, 770 - math.sin(turn) * r, 11.5, fill=ACCENT if i < 331 else "#a9b7c2"))
    turn = (places[287][0] + places[288][0]) / 2
    parts.append(
        line(800 + math.cos(turn) * 262, 770 - math.sin(turn) * 262, 800 + math.cos(turn) * 692, 770 - math.sin(turn) * 692, width=5)
    )
    parts.append(text(812, 62, "288 votes needed", 42))
    parts += [
        text(800, 660, "331", 170, fill=ACCENT, font_weight="bold", anchor="middle"),
        text(800, 716, "votes for the motion", 46, anchor="middle"),
    ]
    parts += [
        text(1500, 850, "243 did not vote for it", 42, anchor="end", fill=SLATE),
        note(100, 850, "One dot, one member; not the seating"),
    ]
    return "".join(parts)


def bitcoin_chart(_: Path) -> str:
    prices = (42, 43, 61, 71, 61, 67, 63, 65, 59, 63, 70, 96)  # thousands of dollars at month ends from December 2023, rounded

    def at(month: float, price: float) -> Point:
        return 190 + month * 104, 780 - price * 5.9

    parts = [box(0, 0, 1600, 900, fill=PAPER, stroke="none")]
    for price in (0, 25, 50, 75, 100):
        y = at(0, price)[1]
        parts += [
            line(
                190,
                y,
                1480,
                y,
                stroke=ACCENT if price == 100 else "#b9c4cd",
                width=4 if price == 100 else 2,
                stroke_dasharray="14 10" if price == 100 else "none",
            )
        ]
        parts.append(note(165, y + 12, f"{price}", anchor="end", fill=ACCENT if price == 100 else SLATE))
    points = [at(i, p) for i, p in enumerate(prices)] + [at(11.17, 103)]
    parts += [track([*points, (points[-1][0], 780), (190, 780)], fill=MIST, stroke="none", opacity=0.6), track(points, width=7)]
    parts += [
        dot(*points[-1], 17, fill=ACCENT, stroke=PAPER, width=5),
        haloed(points[-1][0] - 10, 112, "5 December: above $100,000", 50, fill=ACCENT, font_weight="bold", anchor="end"),
    ]
    parts += [haloed(502, 318, "March: a record", 42, anchor="middle")]
    for month, label in ((0, "Dec 2023"), (3, "March"), (6, "June"), (9, "Sept"), (11, "Nov 2024")):
        x = at(month, 0)[0]
        parts += [line(x, 780, x, 798, width=3), note(x, 840, label, anchor="middle")]
    parts += [note(60, 62, "Thousand dollars"), line(190, 780, 1480, 780, width=4)]
    return "".join(parts)


def parker_distance(_: Path) -> str:
    def at(million_kilometres: float) -> float:
        return 110 + million_kilometres * 8.8

    parts = [box(0, 0, 1600, 900, fill=PAPER, stroke="none"), line(at(0), 300, 1560, 300, stroke=SLATE, width=3)]
    parts += [dot(at(0), 300, 0.7 * 8.8, fill=ACCENT), text(at(0), 372, "Sun", 42, anchor="middle", fill=ACCENT)]
    for name, distance, radius in (("Mercury", 58, 9), ("Venus", 108, 14), ("Earth", 150, 15)):
        parts += [dot(at(distance), 300, radius, fill=SLATE), text(at(distance), 372, name, 42, anchor="middle")]
        parts.append(note(at(distance), 418, f"{distance} million km", anchor="middle"))
    parts += [
        line(at(6.8), 300, at(6.8), 170, stroke=INK, width=3),
        dot(at(6.8), 300, 8),
        text(at(6.8) - 10, 105, "Parker Solar Probe", 48, font_weight="bold"),
        note(at(6.8) - 10, 152, "6.1 million km above the surface", fill=INK),
    ]
    # The same, 12 times larger: the Sun's radius is 0.7 million kilometres.
    grow = 8.8 * 12
    parts += [shape("M60,470H1540", stroke="#b9c4cd", width=2), note(1540, 530, "Twelve times larger", anchor="end")]
    parts.append(
        '<clipPath id="near"><rect x="0" y="472" width="1600" height="428"/></clipPath>'
        f'<g clip-path="url(#near)">{dot(160, 700, 0.7 * grow, fill=ACCENT)}'
    )
    probe = 160 + 6.8 * grow
    angles = [math.radians(step) for step in range(-24, 25)]  # a conic with the Sun in its focus, eccentricity 0.88
    radii = [6.8 * 1.88 / (1 + 0.88 * math.cos(angle)) * grow for angle in angles]
    orbit = [(160 + r * math.cos(angle), 700 + r * math.sin(angle)) for angle, r in zip(angles, radii, strict=True)]
    parts.append(track(orbit, width=3, stroke_dasharray="4 12"))
    parts += ["</g>", line(160 + 0.7 * grow + 8, 700, probe - 26, 700, stroke=SLATE, width=3), dot(probe, 700, 15, stroke=PAPER, width=5)]
    parts += [
        haloed((160 + probe) / 2 + 40, 676, "6.1 million km", 46, anchor="middle"),
        text(probe + 40, 690, "24 December 2024,", 42),
        text(probe + 40, 742, "11.53 Greenwich time", 42),
    ]
    return "".join(parts)


def ensemble(_: Path) -> str:
    chance = random.Random(7)
    parts = [box(0, 0, 1600, 900, fill=PAPER, stroke="none")]

    def at(day: float, value: float) -> Point:
        return 170 + day * 84, 420 - value * 78

    def middle(day: float) -> float:
        return 1.1 * math.sin(day / 2.6) - 0.02 * day

    tracks = []
    for _track in range(50):
        drift, value, points = chance.gauss(0, 0.0065), 0.0, []
        phase = chance.uniform(0, 6.3)
        for step in range(61):
            day = step / 4
            value = drift * day**2 + chance.gauss(0, 0.0001) + 0.022 * day * math.sin(day * 0.9 + phase)
            points.append(at(day, middle(day) + value))
        tracks.append(points)
    parts += [track(points, stroke=SLATE, width=2.2, opacity=0.5) for points in tracks]
    parts.append(track([at(step / 4, middle(step / 4)) for step in range(61)], stroke=ACCENT, width=7))
    x, y = at(0, 0)
    parts += [dot(x, y, 17, stroke=PAPER, width=5), haloed(60, 530, "Today: one start,", 44), haloed(60, 582, "slightly varied", 44)]
    parts += [
        haloed(430, 190, "They agree: safe", 44),
        haloed(1530, 250, "They differ: doubtful", 44, anchor="end"),
        haloed(560, 640, "Middle of all tracks", 44, fill=ACCENT),
        line(740, 596, *at(8.4, middle(8.4) - 0.1), stroke=ACCENT, width=3),
    ]
    parts += [line(170, 780, 1440, 780, width=4)]
    for day in (0, 5, 10, 15):
        x = at(day, 0)[0]
        parts += [line(x, 780, x, 800, width=3), note(x, 846, f"day {day}" if day else "today", anchor="middle")]
    return "".join(parts)


def willow_grids(_: Path) -> str:
    parts = [box(0, 0, 1600, 900, fill=PAPER, stroke="none")]
    for centre, side, error in ((290, 3, 1.0), (750, 5, 0.47), (1270, 7, 0.22)):
        gap = 54
        left, top = centre - gap * (side - 1) / 2, 300 - gap * (side - 1) / 2
        for row in range(side - 1):
            for column in range(side - 1):
                fill = MIST if (row + column) % 2 else "#a9b7c2"
                parts.append(box(left + column * gap, top + row * gap, gap, gap, fill=fill, stroke=PAPER, line_width=3))
        parts += [dot(left + column * gap, top + row * gap, 12) for row in range(side) for column in range(side)]
        parts.append(text(centre, 92, f"{side} × {side}", 52, anchor="middle"))
        height = 230 * error
        parts += [box(centre - 70, 800 - height, 140, height, fill=ACCENT, stroke="none")]
        if error < 1:
            parts.append(text(centre, 800 - height - 20, "about half" if side == 5 else "half again", 44, anchor="middle", fill=ACCENT))
    parts += [
        line(100, 800, 1500, 800, width=4),
        note(100, 856, "Errors of the stored qubit, in each round of correction"),
        shape("M470,300H565M545,284L567,300L545,316", width=4),
        shape("M945,300H1040M1020,284L1042,300L1020,316", width=4),
    ]
    return "".join(parts)


def merkle_tree(_: Path) -> str:
    chosen, siblings = {(0, 2), (1, 1), (2, 0), (3, 0)}, {(0, 3), (1, 0), (2, 1)}
    tops = (690, 510, 330, 150)

    def at(level: int, index: int) -> Point:
        width = 1440 / (8 >> level)
        return 80 + width * (index + 0.5), tops[level]

    parts = [box(0, 0, 1600, 900, fill=PAPER, stroke="none")]
    for level in range(3):
        for index in range(8 >> level):
            on_path = (level, index) in chosen
            parts.append(
                line(*at(level, index), *at(level + 1, index // 2), stroke=ACCENT if on_path else SLATE, width=8 if on_path else 3)
            )
    for level in range(4):
        for index in range(8 >> level):
            x, y = at(level, index)
            node = (level, index)
            fill, stroke = (ACCENT, ACCENT) if node in chosen else (SLATE, SLATE) if node in siblings else (PAPER, SLATE)
            half = 105 if level == 3 else 62
            words = "Root" if level == 3 else f"{index + 1}" if level == 0 else "#"
            parts.append(box(x - half, y - 38, half * 2, 76, fill=fill, stroke=stroke, line_width=4, radius=6))
            parts.append(
                text(
                    x,
                    y + 15,
                    words,
                    46,
                    anchor="middle",
                    fill=SLATE if fill == PAPER else PAPER,
                    font_weight="bold" if level == 3 else "normal",
                )
            )
    parts += [
        text(960, 130, "signed, published and mailed", 42),
        text(960, 180, "to every entrant: the seal", 42),
        line(940, 150, 915, 150, width=3),
    ]
    parts += [
        text(80, 800, "Entries 1 to 8", 44),
        box(80, 836, 34, 34, fill=ACCENT, stroke="none"),
        note(130, 866, "entry 3 and its path"),
        box(520, 836, 34, 34, fill=SLATE, stroke="none"),
        note(570, 866, "what the receipt adds, to work out the root"),
    ]
    return "".join(parts)


def page_anatomy(_: Path) -> str:
    parts = [
        box(0, 0, 1600, 1067, fill=MIST, stroke="none"),
        f"<defs>{hatching('ad', SLATE)}</defs>",
        box(480, 50, 640, 1030, fill="#fffdf8", stroke=INK),
    ]
    parts += [text(800, 112, "The Daily Draw", 50, anchor="middle", font_weight="bold"), line(510, 134, 1090, 134, width=3)]
    parts += [
        box(520, 156, 560, 70, fill=ACCENT, stroke="none"),
        text(800, 204, "Win $100 – Register", 42, anchor="middle", fill="#ffffff"),
    ]
    parts += [box(520, 252, width, 26, fill=INK, stroke="none") for width in (550,)] + [box(520, 290, 430, 26, fill=INK, stroke="none")]
    parts += [
        box(520, 340, 560, 180, fill="#a9b7c2", stroke="none"),
        shape("M520,520L660,410L760,480L880,380L1080,520Z", fill=SLATE, stroke="none"),
    ]
    parts += [box(520, 540 + i * 25, width, 12, fill="#c9c4b8", stroke="none") for i, width in enumerate((560, 540, 555, 380))]
    parts += [
        box(520, 694, 560, 190, fill="url(#ad)", stroke=SLATE, line_width=4),
        haloed(800, 676, "Advertisement", 38, halo="#fffdf8", anchor="middle", fill=SLATE, font_family=SANS),
    ]
    parts += [box(520, 912 + i * 28, width, 13, fill="#c9c4b8", stroke="none") for i, width in enumerate((550, 560, 530, 556, 540))]
    for words, under, y, side, end in (
        ("The only button", "no ad above it, below", 190, "left", 516),
        ("The label", "on every ad", 664, "left", 655),
        ("The reserved space", "kept free beforehand:", 790, "right", 1084),
        ("The gap", "picture and text", 420, "right", 1132),
    ):
        x, anchor = (420, "end") if side == "left" else (1180, "start")
        parts += [
            text(x, y + 6, words, 46, anchor=anchor),
            note(x, y + 54, under, anchor=anchor, fill=INK),
            line(x + (14 if side == "left" else -14), y - 8, end, y - 8, stroke=ACCENT, width=3),
        ]
    parts += [
        note(420, 288, "it or beside it", anchor="end", fill=INK),
        note(1180, 888, "nothing jumps", fill=INK),
        note(1180, 518, "lie between", fill=INK),
    ]
    parts += [track([(1108, 232), (1128, 232), (1128, 640), (1108, 640)], stroke=ACCENT, width=3)]
    return "".join(parts)


def email_address(_: Path) -> str:
    parts = [
        box(0, 0, 1600, 900, fill=PAPER, stroke="none"),
        box(60, 360, 350, 190, fill="#fffdf8", line_width=4),
        shape("M60,360L235,470L410,360", width=4),
    ]
    parts.append(text(235, 610, "your address", 46, anchor="middle"))
    for y, name, first, second, public in (
        (60, "Encrypted", "so that we can write to you;", "stays with us", False),
        (335, "Fingerprint", "so that nobody enters twice;", "stays with us", False),
        (610, "Commitment", "so that the draw can be checked;", "public, names nobody", True),
    ):
        colour = ACCENT if public else INK
        parts += [
            shape(
                f"M425,455C540,455 500,{y + 110} 612,{y + 110}M592,{y + 94}L614,{y + 110}L592,{y + 126}",
                stroke=ACCENT if public else SLATE,
                width=4,
            )
        ]
        parts += [box(640, y, 900, 220, fill="#fffdf8", stroke=colour, line_width=6 if public else 3)]
        parts += [
            text(830, y + 84, name, 58, fill=colour, font_weight="bold"),
            text(830, y + 140, first, 42),
            text(830, y + 190, second, 42, fill=colour if public else SLATE),
        ]
        parts.append(padlock(735, y + 118, public, colour))
    return "".join(parts)


def padlock(x: float, y: float, is_open: bool, colour: str) -> str:
    swing = "M{a},{y}V{b}A34,34 0 0 1 {c},{b}" if is_open else "M{a},{y}V{b}A34,34 0 0 1 {c},{b}V{y}"
    shackle = swing.format(a=x - 34, b=y - 44, c=x + 34, y=y - 10)
    return (
        shape(shackle, stroke=colour, width=11)
        + box(x - 52, y - 12, 104, 82, fill=colour, stroke="none", radius=8)
        + dot(x, y + 24, 12, fill=PAPER)
    )


# --- house advertisements ----------------------------------------------------------------------------------------------


def masthead(x: float, y: float, size: float, *, fill: str = INK, anchor: str = "start") -> str:
    return text(x, y, "The Daily Draw", size, fill=fill, anchor=anchor, font_weight="bold")


def envelope(x: float, y: float, width: float) -> str:
    height = width * 0.62
    return (
        box(x, y, width, height, fill="#fffdf8", line_width=4)
        + shape(f"M{x},{y}L{x + width / 2},{y + height * 0.58}L{x + width},{y}", width=4)
        + dot(x + width * 0.5, y + height * 0.6, width * 0.08, fill=ACCENT)
    )


def small_tree(x: float, y: float, width: float, colour: str) -> str:
    parts = []
    for level, count in enumerate((1, 2, 4)):
        for i in range(count):
            here = (x + width * (i + 0.5) / count, y + level * width * 0.3)
            if level:
                parts.append(
                    line(
                        *here,
                        x + width * (i // 2 + 0.5) / (count // 2),
                        y + (level - 1) * width * 0.3,
                        stroke=ACCENT if (level, i) in {(1, 0), (2, 1)} else colour,
                        width=6,
                    )
                )
    for level, count in enumerate((1, 2, 4)):
        for i in range(count):
            red = (level, i) in {(0, 0), (1, 0), (2, 1)}
            parts.append(dot(x + width * (i + 0.5) / count, y + level * width * 0.3, width * 0.06, fill=ACCENT if red else colour))
    return "".join(parts)


def counting(x: float, y: float, width: float) -> str:
    bars = ((0.9, SLATE), (0.6, SLATE), (0.28, ACCENT))
    return "".join(
        box(x, y + i * width * 0.26, width * share, width * 0.17, fill=fill, stroke="none") for i, (share, fill) in enumerate(bars)
    )


def newsletter_box(_: Path) -> str:
    parts = [box(0, 0, 600, 500, fill=MIST, stroke="none"), masthead(40, 76, 42), line(40, 100, 560, 100, width=2), envelope(380, 300, 180)]
    return "".join(
        [
            *parts,
            text(40, 184, "The headlines,", 68),
            text(40, 256, "in your inbox.", 68),
            text(40, 352, "A newsletter that", 36),
            text(40, 396, "leaves when you", 36),
            text(40, 440, "say so.", 36),
        ]
    )


def newsletter_strip(_: Path) -> str:
    parts = [box(0, 0, 1456, 180, fill=MIST, stroke="none"), envelope(50, 42, 155), text(260, 88, "The headlines, in your inbox.", 62)]
    return "".join([*parts, text(260, 142, "A newsletter that leaves when you say so.", 38), masthead(1410, 142, 36, anchor="end")])


def newsletter_phone(_: Path) -> str:
    parts = [box(0, 0, 640, 200, fill=MIST, stroke="none"), envelope(24, 56, 132), text(184, 88, "The headlines,", 58)]
    return "".join([*parts, text(184, 150, "in your inbox.", 58)])


def draw_box(_: Path) -> str:
    parts = [
        box(0, 0, 600, 500, fill=INK, stroke="none"),
        masthead(40, 76, 42, fill=PAPER),
        line(40, 100, 560, 100, stroke=PAPER, width=2),
        small_tree(350, 330, 210, MIST),
    ]
    return "".join(
        [
            *parts,
            text(40, 184, "Do not trust us.", 68, fill=PAPER),
            text(40, 256, "Check.", 68, fill=PAPER),
            text(40, 352, "Every draw comes", 36, fill=MIST),
            text(40, 396, "with its proof.", 36, fill=MIST),
        ]
    )


def draw_strip(_: Path) -> str:
    parts = [
        box(0, 0, 1456, 180, fill=INK, stroke="none"),
        small_tree(50, 44, 150, MIST),
        text(260, 88, "Do not trust us. Check.", 62, fill=PAPER),
    ]
    return "".join(
        [*parts, text(260, 142, "Every draw comes with its proof.", 38, fill=MIST), masthead(1410, 142, 36, fill=PAPER, anchor="end")]
    )


def draw_phone(_: Path) -> str:
    parts = [
        box(0, 0, 640, 200, fill=INK, stroke="none"),
        small_tree(28, 52, 132, MIST),
        text(200, 88, "Do not trust us.", 58, fill=PAPER),
    ]
    return "".join([*parts, text(200, 150, "Check the proof.", 46, fill=MIST)])


def support_box(_: Path) -> str:
    parts = [
        box(0, 0, 600, 500, fill=PAPER, stroke="none"),
        box(8, 8, 584, 484, line_width=3),
        masthead(40, 76, 42),
        line(40, 100, 560, 100, width=2),
        counting(350, 318, 200),
    ]
    return "".join(
        [
            *parts,
            text(40, 184, "Advertise here,", 68),
            text(40, 256, "without tracking.", 68),
            text(40, 352, "No cookies, no", 36),
            text(40, 396, "profiles. Honest", 36),
            text(40, 440, "counts.", 36),
        ]
    )


def support_strip(_: Path) -> str:
    parts = [
        box(0, 0, 1456, 180, fill=PAPER, stroke="none"),
        box(6, 6, 1444, 168, line_width=3),
        counting(56, 40, 150),
        text(260, 88, "Advertise here, without tracking.", 62),
    ]
    return "".join([*parts, text(260, 142, "No cookies, no profiles. Honest counts.", 38), masthead(1400, 142, 36, anchor="end")])


def support_phone(_: Path) -> str:
    parts = [
        box(0, 0, 640, 200, fill=PAPER, stroke="none"),
        box(4, 4, 632, 192, line_width=3),
        counting(30, 46, 128),
        text(194, 88, "Advertise here,", 56),
    ]
    return "".join([*parts, text(194, 150, "without tracking.", 56)])


# --- rendering ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Picture:
    file: str
    width: int
    height: int
    draw: Callable[[Path], str]
    most_bytes: int = 250_000
    quality: int = 82

    def svg(self, atlas: Path) -> str:
        paper = box(0, 0, self.width, self.height, fill=PAPER, stroke="none")
        return f'<svg xmlns="http://www.w3.org/2000/svg" width="{self.width}" height="{self.height}">{paper}{self.draw(atlas)}</svg>'


# Two of them a view, at twice the pixels that are seen.
AD = 30_000, 60

PICTURES = (
    Picture("pictures/syria-map.jpg", 1600, 1067, syria_map),
    Picture("pictures/umayyad-mosque.jpg", 1600, 1067, umayyad_mosque),
    Picture("pictures/seoul-timeline.jpg", 1600, 900, seoul_timeline),
    Picture("pictures/french-vote.jpg", 1600, 900, french_vote),
    Picture("pictures/world-cup-hosts.jpg", 1600, 900, world_cup_hosts),
    Picture("pictures/bitcoin-chart.jpg", 1600, 900, bitcoin_chart),
    Picture("pictures/notre-dame.jpg", 1600, 1067, notre_dame),
    Picture("pictures/geminids.jpg", 1600, 900, geminids),
    Picture("pictures/parker-distance.jpg", 1600, 900, parker_distance),
    Picture("pictures/ensemble.jpg", 1600, 900, ensemble),
    Picture("pictures/willow-grids.jpg", 1600, 900, willow_grids),
    Picture("pictures/merkle-tree.jpg", 1600, 900, merkle_tree),
    Picture("pictures/page-anatomy.jpg", 1600, 1067, page_anatomy),
    Picture("pictures/email-address.jpg", 1600, 900, email_address),
    Picture("ads/house-newsletter-300x250.jpg", 600, 500, newsletter_box, *AD),
    Picture("ads/house-newsletter-728x90.jpg", 1456, 180, newsletter_strip, *AD),
    Picture("ads/house-newsletter-320x100.jpg", 640, 200, newsletter_phone, *AD),
    Picture("ads/house-draw-300x250.jpg", 600, 500, draw_box, *AD),
    Picture("ads/house-draw-728x90.jpg", 1456, 180, draw_strip, *AD),
    Picture("ads/house-draw-320x100.jpg", 640, 200, draw_phone, *AD),
    Picture("ads/house-support-300x250.jpg", 600, 500, support_box, *AD),
    Picture("ads/house-support-728x90.jpg", 1456, 180, support_strip, *AD),
    Picture("ads/house-support-320x100.jpg", 640, 200, support_phone, *AD),
)


def render(pictures: list[Picture], atlas: Path) -> None:
    from PIL import Image
    from playwright.sync_api import sync_playwright

    chromium = shutil.which(os.environ.get("CHROME_PATH") or "chromium")
    if chromium is None:
        sys.exit("No Chromium found: install the package chromium, or set CHROME_PATH.")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        for picture in pictures:
            page = browser.new_page(viewport={"width": picture.width, "height": picture.height})
            page.set_content(f"<style>body{{margin:0}}svg{{display:block}}</style>{picture.svg(atlas)}")
            target = EDITION / picture.file
            target.parent.mkdir(parents=True, exist_ok=True)
            Image.open(io.BytesIO(page.screenshot())).convert("RGB").save(
                target, quality=picture.quality, optimize=True, progressive=True, subsampling=0
            )
            page.close()
            size = target.stat().st_size
            print(f"{picture.file}: {size // 1000} kB")
            if size > picture.most_bytes:
                sys.exit(f"{picture.file} is larger than {picture.most_bytes // 1000} kB: draw it simpler.")
        browser.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--atlas", type=Path, required=True, help="the unpacked npm package world-atlas")
    parser.add_argument("names", nargs="*", help="file names without ending; all if none is given")
    given = parser.parse_args()
    chosen = [picture for picture in PICTURES if not given.names or Path(picture.file).stem in given.names]
    if not chosen:
        parser.error("no such picture: " + ", ".join(given.names))
    render(chosen, given.atlas)


if __name__ == "__main__":
    main()
