"""Saved models read back: as a classifier, or as a Keras network to look into and to train on."""

import json
import os
from pathlib import Path
from typing import Any

import keras

from textrnn import cards, networks, shipped
from textrnn.cards import EXTRA, GRAPH
from textrnn.checks import check_choice
from textrnn.options import RUNTIMES
from textrnn.saving import folders, safety
from textrnn.saving.classifier import Classifier
from textrnn.saving.conversion import float_weights, to_numpy_network
from textrnn.saving.graph import SavedGraph


def load_classifier(
    folder: str | os.PathLike, *, runtime: str = "tensorflow", trust: bool = False, sha256: str | None = None
) -> Classifier:
    """Returns the classifier saved in `folder`, after checking its card, label list and graph against each other.

    A model is a program. So the graph is looked through before it is loaded, and refused if it holds anything that no
    export of this kit needs (`saving.safety`); what its answers are worth, no check can say.

    Args:
        folder: the saved model: its path, or the name of a shipped one (`shipped.MODELS`).
        runtime: what computes the answers: `"tensorflow"`, the saved graph itself, or `"numpy"`, a `NumpyNetwork` with
            the same weights: the same labels, and faster (see `benchmarks/RESULTS.md`), for the networks of
            `build_textrnn(cell="lstm")`.
        trust: whether to load whatever the graph holds: for layers of your own, or if you know who made it.
        sha256: what `cards.fingerprint` said of the model that is meant; any other is refused.

    Raises:
        FileNotFoundError: there is no model of this kit.
        ValueError: a file was changed, leads out of the folder or holds what is not needed; the model is not the one
            that `sha256` names; card, label list and graph disagree (the message names what does); or `runtime` is
            neither or cannot compute this network.
    """
    check_choice("runtime", runtime, RUNTIMES)
    folder = shipped.model_folder(folder).resolve()

    def load():
        card, graph = _load(folder, trust=trust, sha256=sha256)
        if runtime == "tensorflow":
            return Classifier(folder, card, graph)
        return Classifier(folder, card, to_numpy_network(_network_of(folder, card, graph, trust=trust)))

    return folders.undisturbed(folder, load)


def load_network(folder: str | os.PathLike, *, trust: bool = False, sha256: str | None = None) -> keras.Model:
    """Returns the saved model as an uncompiled Keras model with its weights, to look into or to train on.

    Args:
        folder: the saved model: its path, or the name of a shipped one (`shipped.MODELS`).
        trust: as in `load_classifier`, for the graph and for the layers that the settings of the network name.
        sha256: as in `load_classifier`.

    Raises:
        FileNotFoundError: there is no model of this kit.
        ValueError: the folder fails the checks of `load_classifier`.
    """
    folder = shipped.model_folder(folder).resolve()

    def load():
        card, graph = _load(folder, trust=trust, sha256=sha256)
        return _network_of(folder, card, graph, trust=trust)

    return folders.undisturbed(folder, load)


def _load(folder: Path, *, trust: bool, sha256: str | None) -> tuple[dict[str, Any], SavedGraph]:
    """Returns the card and the graph of a model folder whose files are those of the card and agree with each other."""
    card = _card_of_all_files(folder, sha256=sha256)
    if not trust:
        safety.check_graph(folder)
    try:
        listed = (folder / EXTRA / "labels.txt").read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(f"{folder}: {EXTRA}/labels.txt: expected one label on each line: {error}") from None
    try:
        graph = SavedGraph(folder)
    except Exception as error:  # TensorFlow has no one kind of error for a graph that is broken or somebody else's
        raise ValueError(f"{folder}: expected a model of this kit, TensorFlow gets nothing from it: {error}") from error
    vocabulary = card.get("vocabulary")
    vocabulary = vocabulary.get("sha256") if isinstance(vocabulary, dict) else vocabulary
    for what, in_card, in_graph in (
        ("labels", card.get("labels"), graph.label_names),
        ("labels.txt", listed, graph.label_names),
        ("vocabulary hash", vocabulary, graph.vocabulary_sha256),
        ("maximum length", card.get("max_length"), graph.max_length),
        ("number of classes", len(listed), graph.num_classes),
    ):
        if in_card != in_graph:
            raise ValueError(f"{folder}: {what}: the card says {in_card}, the graph {in_graph}")
    return card, graph


def _card_of_all_files(folder: Path, *, sha256: str | None) -> dict[str, Any]:
    """Returns the card of a model folder that holds the files, all and unchanged, which the card describes."""
    card = cards.read_card(folder)
    if not (folder / GRAPH).is_file():
        raise FileNotFoundError(f"{folder}: expected {GRAPH} in it, found none")
    safety.check_links(folder)
    if sha256 is not None and (found := cards.fingerprint(folder)) != sha256:
        raise ValueError(f"{folder}: expected the model whose card has the SHA-256 {sha256}, got another one: {found}")
    found, expected = folders.hashes(folder), card.get("files")
    if found != expected:
        expected = expected if isinstance(expected, dict) else {}
        names = sorted(name for name in {*found, *expected} if found.get(name) != expected.get(name))
        raise ValueError(f"{folder}: these files are not the ones that the card describes: {', '.join(names)}")
    return card


def _network_of(folder: Path, card: dict[str, Any], graph: SavedGraph, *, trust: bool) -> keras.Model:
    """Returns the Keras model that network.json describes, with the weights and the n-grams of the graph."""
    path = folder / EXTRA / "network.json"
    if not path.is_file():
        raise FileNotFoundError(f"{path}: expected the settings of the network, found none")
    network = cards.read_json(path, max_bytes=safety.MAX_NETWORK_BYTES)
    if not trust:
        safety.check_network(network, path)
    try:
        encoder = cards.encoder_config(network)
        encoder["ngrams"] = ["".join(ngrams) for ngrams in graph.ngrams(encoder["tokens"])]
        model = keras.models.model_from_json(json.dumps(network))
    except (IndexError, ValueError) as error:  # the keys of n-grams are made of the numbers of tokens
        raise ValueError(
            f"{folder}: vocabulary hash: network.json says other tokens than the graph ({error})"
        ) from error
    except (AttributeError, KeyError, StopIteration, TypeError) as error:
        raise ValueError(f"{path}: expected the settings of a network with a TextToIds layer: {error!r}") from error
    weights = float_weights(graph.weights())
    for what, in_network, in_graph in (
        ("labels", networks.label_names(model), graph.label_names),
        ("vocabulary hash", networks.text_encoder(model).sha256, card["vocabulary"]["sha256"]),
        ("shapes of weights", [tuple(weight.shape) for weight in model.weights], [weight.shape for weight in weights]),
    ):
        if in_network != in_graph:
            raise ValueError(f"{folder}: {what}: network.json says {in_network}, the graph {in_graph}")
    model.set_weights(weights)
    return model
