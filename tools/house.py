"""Reads who imports whom in the package, and draws the rooms: `python tools/house.py` writes docs/architecture.png.

A room is a module or a folder right below `src/textrnn`. The table of docs/architecture.md is written between its two
markers; the tests of the rules read the same imports.
"""

import ast
import functools
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
from matplotlib.figure import Figure
from matplotlib.text import Text

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "src" / "textrnn"
PAGE, PICTURE = ROOT / "docs" / "architecture.md", ROOT / "docs" / "architecture.png"
BEGIN, END = "<!-- rooms: written by tools/house.py -->", "<!-- end of rooms -->"
ON_TOP = ("lessons", "cli", "experiments", "scale", "exports", "web")  # the kit never imports these


class Import(NamedTuple):
    """One name that a file imports."""

    path: Path
    line: int
    module: str  # absolute, as in "textrnn.datasets.files"
    name: str | None  # what of it; `None` for the module itself
    inside: bool  # of a function: it runs when that is called
    typing: bool  # for type checkers alone


@functools.cache
def source_files() -> tuple[Path, ...]:
    """Returns the Python files of the package."""
    return tuple(sorted(PACKAGE.rglob("*.py")))


def module_of(path: Path) -> str:
    """Returns the module that a file is, as in `"textrnn.datasets"`."""
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def room_of(module: str) -> str | None:
    """Returns the room that a module of the package lies in; `None` for the package itself and all others."""
    parts = module.split(".")
    return parts[1] if parts[0] == "textrnn" and len(parts) > 1 else None


@functools.cache
def imports_of(path: Path) -> tuple[Import, ...]:
    """Returns what a file imports; `from textrnn import datasets` is the module `textrnn.datasets`."""
    modules = {module_of(other) for other in source_files()}

    def visit(node: ast.AST, inside: bool, typing: bool) -> Iterator[Import]:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.Import):
                for alias in child.names:
                    yield Import(path, child.lineno, alias.name, None, inside, typing)
            elif isinstance(child, ast.ImportFrom):
                for alias in child.names:
                    whole = f"{child.module}.{alias.name}"
                    module, name = (whole, None) if whole in modules else (child.module, alias.name)
                    yield Import(path, child.lineno, module, name, inside, typing)
            else:
                is_function = isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
                for_types = isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test)
                yield from visit(child, inside or is_function, typing or for_types)

    return tuple(visit(ast.parse(path.read_text(encoding="utf-8")), False, False))


def all_imports() -> list[Import]:
    """Returns the imports of every file of the package, those for type checkers alone left out."""
    return [one for path in source_files() for one in imports_of(path) if not one.typing]


def read_rooms() -> dict[str, set[str]]:
    """Returns each room with the rooms that it imports."""
    rooms = {room: set() for path in source_files() if (room := room_of(module_of(path)))}
    for one in all_imports():
        room, other = room_of(module_of(one.path)), room_of(one.module)
        if room and other and room != other:
            rooms[room].add(other)
    return rooms


def rooms_with_tensorflow() -> set[str]:
    """Returns the rooms in which a file imports TensorFlow or Keras when it is itself imported."""
    heavy = ("tensorflow", "keras")
    return {
        room
        for one in all_imports()
        if one.module.split(".")[0] in heavy and not one.inside and (room := room_of(module_of(one.path)))
    }


def floors_of(rooms: dict[str, set[str]]) -> dict[str, int]:
    """Returns the floor of each room: one above the highest that it imports.

    Raises:
        ValueError: rooms import each other in a circle.
    """
    floors: dict[str, int] = {}
    while left := [room for room in rooms if room not in floors]:
        ready = [room for room in left if rooms[room] <= floors.keys()]
        if not ready:
            raise ValueError(f"rooms that import each other in a circle are among {sorted(left)}")
        for room in ready:
            floors[room] = 1 + max((floors[other] for other in rooms[room]), default=0)
    return floors


def arrows_to_draw(rooms: dict[str, set[str]]) -> list[tuple[str, str]]:
    """Returns the arrows that do not follow from others: with a → b and b → c, a → c is left out."""

    def below(room: str) -> set[str]:
        return rooms[room].union(*(below(other) for other in rooms[room]))

    return [
        (room, other)
        for room, others in sorted(rooms.items())
        for other in sorted(others)
        if not any(other in below(third) for third in others - {other})
    ]


def table_of(rooms: dict[str, set[str]]) -> str:
    """Returns the table of the page: each room from the top floor down, what it holds, what it imports."""
    floors, lines = floors_of(rooms), ["| room | what it holds | imports |", "| --- | --- | --- |"]
    for room in sorted(rooms, key=lambda room: (-floors[room], room)):
        path = PACKAGE / room
        file = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
        first = ast.get_docstring(ast.parse(file.read_text(encoding="utf-8"))).splitlines()[0]
        lines.append(f"| `{room}{'/' if path.is_dir() else ''}` | {first} | {', '.join(sorted(rooms[room])) or '–'} |")
    return "\n".join(lines)


def draw(rooms: dict[str, set[str]], path: Path) -> None:
    """Draws the rooms on their floors, an arrow from each to what it imports."""
    floors, heavy = floors_of(rooms), rooms_with_tensorflow()
    figure = Figure(figsize=(10, 1 + 0.95 * max(floors.values())))
    ax = figure.add_axes((0, 0, 1, 1))
    ax.set(xlim=(0, 1), ylim=(0, max(floors.values()) + 0.6))
    at = {}
    for floor in range(1, max(floors.values()) + 1):
        here = sorted(room for room in rooms if floors[room] == floor)
        # Above the middle of what it imports, as far as its neighbours allow.
        here.sort(key=lambda room: sum(at[other][0] for other in rooms[room]) / max(1, len(rooms[room])))
        for number, room in enumerate(here):
            at[room] = ((number + 0.5) / len(here), floor)
    kinds = {"above the kit": "#F6E3B5", "learning: TensorFlow": "#BFD9EA", "answering: NumPy and pandas": "white"}
    boxes = {}
    for room, (x, y) in at.items():
        kind = 0 if room in ON_TOP else 1 if room in heavy else 2
        box = {"boxstyle": "round,pad=0.45", "facecolor": [*kinds.values()][kind], "edgecolor": "0.3"}
        boxes[room] = ax.text(x, y, room, ha="center", va="center", fontsize=11, bbox=box, zorder=3)
    figure.draw_without_rendering()  # the boxes have their sizes from here on
    for room, other in arrows_to_draw(rooms):
        along = ax.transData.transform(at[other]) - ax.transData.transform(at[room])
        ends = {
            name: _to_border(boxes[end], along) * 72 / figure.dpi + 2
            for name, end in (("shrinkA", room), ("shrinkB", other))
        }
        arrow = {"arrowstyle": "-|>", "color": "0.45", "linewidth": 1, "connectionstyle": "arc3,rad=0.04"}
        ax.annotate("", at[other], at[room], arrowprops=arrow | ends, zorder=1)
    for number, (name, colour) in enumerate(kinds.items()):
        box = {"boxstyle": "round,pad=0.3", "facecolor": colour, "edgecolor": "0.3"}
        ax.text(0.2 + 0.3 * number, 0.3, name, ha="center", va="center", fontsize=9, bbox=box)
    ax.axis("off")
    figure.savefig(path, dpi=110)


def _to_border(box: Text, along: np.ndarray) -> float:
    """Returns how far it is from the middle of a drawn box to its border in the direction `along`, in pixels."""
    drawn = box.get_window_extent().padded(0.45 * 11 / 72 * box.figure.dpi)
    length = (along[0] ** 2 + along[1] ** 2) ** 0.5
    steps = [side / 2 / abs(part) for side, part in ((drawn.width, along[0]), (drawn.height, along[1])) if part]
    return min(steps) * length


def main() -> None:
    """Writes the picture, and the table between the markers of the page."""
    rooms = read_rooms()
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    after = rest.partition(END)[2]
    PAGE.write_text(f"{before}{BEGIN}\n\n{table_of(rooms)}\n\n{END}{after}", encoding="utf-8")
    draw(rooms, PICTURE)


if __name__ == "__main__":
    main()
