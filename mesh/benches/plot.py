#!/usr/bin/env python3
"""Draws the growth of cast and gather: `gather.svg`, from files of the bench's JSON lines, a curve for each file.

    for n in 1 2 4 8 16 32 64 128 256 512 1024 2048 4096; do
        target/release/mesh-benches meshes gather mesh threads=2 n=$n runs=20
    done > now.json
    ./plot.py gather.svg now.json

Both axes are logarithmic; the grey line grows 2.2 times for each doubling from the 256 of the first curve.
"""

import json
import math
import sys

WIDTH, HEIGHT, LEFT, TOP, RIGHT, BOTTOM = 720, 460, 70, 30, 160, 55
COLOURS = ["#c0392b", "#1f6fb2", "#2e8b57", "#8e44ad"]


def read(path):
    points = {}
    with open(path) as lines:
        for line in lines:
            report = json.loads(line)
            if report["workload"].startswith("cast and gather"):
                points.setdefault(report["n"], []).append(report["value"])
    return sorted((n, sorted(values)[len(values) // 2]) for n, values in points.items())


def main(out, paths):
    curves = [(path.rsplit("/", 1)[-1].removesuffix(".json"), read(path)) for path in paths]
    values = [ms for _, points in curves for _, ms in points]
    ns = [n for _, points in curves for n, _ in points]
    low, high = math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)))
    right = math.log2(max(ns))

    def x(n):
        return LEFT + math.log2(n) / right * (WIDTH - LEFT - RIGHT)

    def y(ms):
        share = (math.log10(ms) - low) / (high - low)
        return HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM)

    svg = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{HEIGHT}" font-family="sans-serif" font-size="12">',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>',
        f'<text x="{LEFT}" y="18" font-size="14">cast and gather, in-process procs: ms</text>',
    ]
    for power in range(low, high + 1):
        at = y(10**power)
        svg.append(f'<line x1="{LEFT}" y1="{at:.1f}" x2="{WIDTH - RIGHT}" y2="{at:.1f}" stroke="#ddd"/>')
        svg.append(f'<text x="{LEFT - 8}" y="{at + 4:.1f}" text-anchor="end">{10.0**power:g}</text>')
    for n in sorted(set(ns)):
        svg.append(f'<text x="{x(n):.1f}" y="{HEIGHT - BOTTOM + 18}" text-anchor="middle">{n}</text>')
    svg.append(f'<text x="{LEFT}" y="{HEIGHT - 12}">procs</text>')
    base = dict(curves[0][1]).get(256)
    if base:
        grows = [(n, base * 2.2 ** (math.log2(n) - 8)) for n in sorted(set(ns)) if n >= 256]
        line = " ".join(f"{x(n):.1f},{max(y(ms), TOP):.1f}" for n, ms in grows)
        svg.append(f'<polyline points="{line}" fill="none" stroke="#999" stroke-dasharray="5 4"/>')
    for at, (name, points) in enumerate(curves):
        colour = COLOURS[at % len(COLOURS)]
        line = " ".join(f"{x(n):.1f},{y(ms):.1f}" for n, ms in points)
        svg.append(f'<polyline points="{line}" fill="none" stroke="{colour}" stroke-width="2"/>')
        svg += [f'<circle cx="{x(n):.1f}" cy="{y(ms):.1f}" r="3" fill="{colour}"/>' for n, ms in points]
        svg.append(f'<text x="{WIDTH - RIGHT + 12}" y="{y(points[-1][1]) + 4:.1f}" fill="{colour}">{name}</text>')
    svg.append("</svg>")
    with open(out, "w") as file:
        file.write("\n".join(svg) + "\n")


main(sys.argv[1], sys.argv[2:])
