"""The THUCNews titles: downloaded from their public address and verified."""

import hashlib
import os
import tempfile
from pathlib import Path

import platformdirs

THUCNEWS_ADDRESS = (
    "https://raw.githubusercontent.com/649453932/Chinese-Text-Classification-Pytorch/master/THUCNews/data/"
)
# Git blob ids: the SHA-1 that git gives to the content, which the public repository shows for each file.
THUCNEWS_BLOBS = {
    "train.txt": "ffe8979a12879da0747847aca49e9a6c1d29898f",
    "dev.txt": "cf7f8de6fc3e3c72284ab59e7ed850f49b7185c0",
    "test.txt": "9c216ace7d0cf2c89fec1b4c9d49a92dc1791d0a",
    "class.txt": "4c20bac1a8a6be2c207f0e97be4c279651d76d21",
}


def cache_folder() -> Path:
    """Returns the folder for downloads: `TEXTRNN_CACHE` from the environment, else the user's cache folder."""
    return Path(os.environ.get("TEXTRNN_CACHE") or platformdirs.user_cache_path("textrnn"))


def find_thucnews() -> Path | None:
    """Returns the folder to which the public files were downloaded, or `None` where one of them is missing."""
    folder = cache_folder() / "thucnews"
    return folder if all((folder / name).is_file() for name in THUCNEWS_BLOBS) else None


def git_blob_id(path: str | os.PathLike) -> str:
    """Returns the id that git gives to the content of a file: SHA-1 of `blob`, its size, a NUL and the bytes."""
    data = Path(path).read_bytes()
    return hashlib.sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest()


def fetch_thucnews(
    folder: str | os.PathLike | None = None,
    *,
    address: str = THUCNEWS_ADDRESS,
    blobs: dict[str, str] | None = None,
    progressbar: bool = True,
) -> Path:
    """Returns the folder that holds the four public THUCNews title files, after downloading what is missing there.

    A file gets its name only when its content has the right git blob id: an interrupted, cut or wrong download leaves
    nothing behind, and the next call starts that file again. A file that is there but damaged is fetched again. Each
    download is tried up to three times.

    Args:
        folder: where to put them; `thucnews` in `cache_folder()` unless given.
        address: where they are, up to and with the last slash; give a mirror's if the public one is out of reach.
        blobs: the files and their git blob ids, those of the public files unless given.
        progressbar: whether each download shows one.

    Raises:
        OSError: a download failed, or what came is not the public file; the message says what to do.
    """
    folder = Path(folder) if folder else cache_folder() / "thucnews"
    blobs = THUCNEWS_BLOBS if blobs is None else blobs
    for name, blob in blobs.items():
        path = folder / name
        if path.is_file() and git_blob_id(path) == blob:
            continue
        try:
            _download(address, path, blob=blob, progressbar=progressbar)
        except Exception as error:  # requests, urllib3 and pooch raise many kinds; one clear message serves them all
            raise OSError(
                f"{address}{name} could not be downloaded to {folder} ({error}). Try again, pass the address of a "
                f"mirror to fetch_thucnews(address=…), or put the files {', '.join(blobs)} into a folder of your own "
                f'and pass it as load("thucnews", data_dir=…)'
            ) from error
    return folder


def _download(address: str, path: Path, *, blob: str, progressbar: bool) -> None:
    """Downloads the file `path.name` from `address` and moves it to `path` when its content has the git id `blob`."""
    import pooch  # brings notebook progress bars that warn at import where there are no widgets

    http = pooch.HTTPDownloader(progressbar=progressbar, timeout=30)
    pooch.get_logger().setLevel("INFO" if progressbar else "WARNING")

    def download_and_verify(url, output_file, _):
        http(url, output_file, None)
        if (got := git_blob_id(output_file)) != blob:
            raise ValueError(f"{url}: expected the file with git blob id {blob}, got one with {got}")

    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{path.name}-", dir=path.parent) as beside:
        source = pooch.create(beside, base_url=address, registry={path.name: None}, retry_if_failed=2)
        new = source.fetch(path.name, downloader=download_and_verify)
        # A damaged file is replaced, never removed: another process may have put the right one there by now.
        Path(new).replace(path)
