"""The pages of the lessons: small networks whose numbers a reader changes by hand, one file each."""

from typing import Any

from textrnn import options
from textrnn.checks import check_choice
from textrnn.web.page import Page, assembled

ONES = [[1, 1], [1, 1]]
MEMORY = {"inputs": [[1, 1], [1, 1], [2, 2]], "input_kernel": ONES, "recurrent_kernel": ONES, "output_kernel": ONES}
CELL = {"kernel": [[0, 0, 1, 0], [100, 100, 0, 0], [0, 0, 0, 100]], "bias": [[-10, 10, 0, -10]]}
CLIFF = {"settings": [0.02, 15], "num_steps": 50, "start": 0.5, "target": 0.7}
# Of each lesson its examples, the first one shown at once; the notebooks 01, 02 and 03 have the same numbers.
EXAMPLES: dict[str, dict[str, Any]] = {
    "memory": {
        "ones": MEMORY,
        "turned": {**MEMORY, "inputs": [[2, 2], [1, 1], [1, 1]]},
        "forgetful": {**MEMORY, "recurrent_kernel": [[0, 0], [0, 0]]},
    },
    "cell": {
        "five": {**CELL, "inputs": [[3, 1, 0], [4, 1, 0], [2, 0, 0], [1, 0, 1], [3, -1, 0]]},
        "nine": {
            **CELL,
            "inputs": [
                [1, 0, 0], [3, 1, 0], [2, 0, 0], [4, 1, 0], [2, 0, 0], [1, 0, 1], [3, -1, 0], [6, 1, 0], [1, 0, 1],
            ],
        },
    },
    "cliff": {
        "edge": {**CLIFF, "point": [5, -2.5], "clipped": True},
        "walk": {**CLIFF, "point": [5, -2], "clipped": True},
        "thrown": {**CLIFF, "point": [5, -2], "clipped": False},
    },
}  # fmt: skip


def build_lesson(name: str) -> Page:
    """Returns the page of a lesson: as the last line of a cell, a Jupyter notebook shows it in place.

    Args:
        name: `memory`, a recurrent network of two units; `cell`, an LSTM cell that counts; `cliff`, the error surface
            of a unit with two parameters, with and without clipping.

    Raises:
        ValueError: the name is none of these.

    Example:
        >>> len(build_lesson("memory").html) < 60_000
        True
    """
    check_choice("name", name, options.LESSONS)
    html, policy = assembled(
        {"name": name, "examples": EXAMPLES[name]}, {}, template="lesson.html", entry=f"lesson_{name}.js"
    )
    return Page(html.encode(), policy, 0.0, 0)
