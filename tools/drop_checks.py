"""Takes the cells tagged `checks` out of executed notebooks: `python tools/drop_checks.py build/01_rnn_memory.ipynb`.

They have done their work by then: a number or a claim of the text that no longer holds stops the run.
"""

import sys
from pathlib import Path

import nbformat


def drop_checks(path: Path) -> None:
    """Writes the notebook without its check cells, the cells that are left counted from 1."""
    notebook = nbformat.read(path, as_version=4)
    notebook.cells = [cell for cell in notebook.cells if "checks" not in cell.metadata.get("tags", [])]
    for count, cell in enumerate((cell for cell in notebook.cells if cell.cell_type == "code"), start=1):
        cell.execution_count = count
        for output in cell.outputs:
            if "execution_count" in output:
                output.execution_count = count
    nbformat.write(notebook, path)


if __name__ == "__main__":
    for name in sys.argv[1:]:
        drop_checks(Path(name))
