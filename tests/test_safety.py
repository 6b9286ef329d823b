"""Models that do harm are refused before they can, by name; the kit's own pass, and lack nothing."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import keras
import pytest
import tensorflow as tf
from tensorflow.core.framework import types_pb2
from tensorflow.core.protobuf import config_pb2, saved_model_pb2, trackable_object_graph_pb2

from textrnn import cards, networks, options, saving
from textrnn.preprocessing import TextEncoder
from textrnn.saving import folders, safety

pytestmark = pytest.mark.slow

LABELS = ["no", "yes"]
CARD = dict.fromkeys(cards.CARD_FIELDS)
GRAPH = "saved_model.pb"


def edit_card(folder, **changes):
    """Changes the card, and has it vouch for the files as they now are."""
    path = folder / "assets.extra" / "card.json"
    path.write_text(json.dumps(cards.read_card(folder) | {"files": folders.hashes(folder)} | changes))


def graph_of(folder):
    return saved_model_pb2.SavedModel.FromString((folder / GRAPH).read_bytes())


def edit_graph(folder, edit):
    """Has `edit` change the parsed graph, and the card vouch for what it became."""
    model = graph_of(folder)
    edit(model)
    (folder / GRAPH).write_bytes(model.SerializeToString())
    edit_card(folder)


# The kit's own models.


def built(**settings):
    encoder = TextEncoder.from_texts(["股市大涨 大涨", "女单夺冠"], **settings.pop("encoder", {}))
    build = settings.pop("build", networks.build_textrnn)
    return build(encoder, LABELS, embed_dim=4, **settings)


OWN = {
    "lstm": {
        "encoder": {"max_ngram": 3, "min_ngram_count": 1},
        "units": 4,
        "num_layers": 2,
        "evidence": True,
        "embedded_ngrams": 1,
        "pooling": options.POOLINGS,
    },
    "gru": {"encoder": {"unit": "word"}, "cell": "gru", "units": 4, "evidence": True, "pooling": "last"},
    "simple": {"cell": "simple", "units": 4, "bidirectional": False, "pooling": "last"},
    "textcnn": {"build": networks.build_textcnn, "encoder": {"max_ngram": 2, "min_ngram_count": 1}, "filters": 4},
}


@pytest.fixture(scope="module")
def own(tmp_path_factory):
    """Saved models that need, together, all that models of this kit can need."""
    root = tmp_path_factory.mktemp("own")
    for name, settings in OWN.items():
        tables = "int8" if name == "lstm" else "float32"
        saving.save_classifier(built(**settings), root / name, card=CARD, tables=tables)
    return root


@pytest.fixture(scope="module")
def shipped(root):
    """The models of the checkout, without those that its user keeps there."""
    return [path.parent for path in (root / "models").glob("*/saved_model.pb") if path.parent.name[:4] != "mine"]


def operations_of(folder):
    """Returns the operations of a saved model, and a place where each stands."""
    (meta_graph,) = graph_of(folder).meta_graphs
    graph = meta_graph.graph_def
    found = {node.op: f"{folder.name}: main graph" for node in graph.node}
    for function in graph.library.function:
        found |= {node.op: f"{folder.name}: {function.signature.name}" for node in function.node_def}
    return found


@pytest.mark.long
def test_the_list_of_operations_has_all_that_the_kits_exports_need_and_no_others(own, shipped):
    needed = {}
    for folder in [*own.iterdir(), *shipped]:
        needed |= operations_of(folder)
    listed = safety.names_of(safety.OPERATIONS) | safety.names_of(safety.SAVER_OPERATIONS)
    lacking = {name: where for name, where in needed.items() if name not in listed}
    assert not lacking, (
        f"the kit's own exports outgrew safety.OPERATIONS: {lacking}. Read what each does; add those that reach "
        "neither files nor Python nor the network, with the word why"
    )
    assert listed - set(needed) == set(), "no export needs these any more: take them off the list"


def test_the_kits_own_models_and_those_that_it_ships_pass_every_check(own, shipped):
    assert len(shipped) >= 2
    for folder in [*own.iterdir(), *shipped]:
        safety.check_links(folder)
        safety.check_graph(folder)
        path = folder / "assets.extra" / "network.json"
        safety.check_network(cards.read_json(path, max_bytes=safety.MAX_NETWORK_BYTES), path)


# Models of strangers: each answers as a model of this kit should, and has a card that vouches for every file.


class Working(tf.lookup.KeyValueTensorInitializer):
    """Fills a lookup table, and does some other work; TensorFlow has it done while it loads the model."""

    def __init__(self, work):
        super().__init__(tf.constant([1]), tf.constant([1]))
        self.work = work

    def initialize(self, table):  # noqa: D102
        with tf.control_dependencies([done for done in [self.work()] if done is not None]):
            return super().initialize(table)


class Stranger(tf.Module):
    """The least that passes for a model of this kit."""

    def __init__(self, at_load, at_call):
        super().__init__()
        self.table = tf.lookup.StaticHashTable(Working(at_load), 0)
        self.network_weights = [tf.Variable([1.0])]

        @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name="text")])
        def serve(text):
            at_call()
            probs = tf.tile([[0.25, 0.75]], [tf.size(text), 1])
            return {"label": tf.fill([tf.size(text)], "yes"), "score": probs[:, 1], "probabilities": probs}

        @tf.function(input_signature=[])
        def describe():
            about = {"label_names": LABELS, "vocabulary_sha256": "beef", "max_length": 32}
            return {name: tf.constant(value) for name, value in about.items()}

        self.serve, self.head, self.describe = serve, serve, describe
        self.list_ngrams = tf.function(lambda: [self.table.lookup(tf.constant(1))], input_signature=[])


def nothing():
    pass


def save_stranger(folder, at_load=nothing, at_call=nothing):
    tf.saved_model.save(Stranger(at_load, at_call), str(folder))
    extra = folder / "assets.extra"
    extra.mkdir()
    (extra / "labels.txt").write_text("no\nyes\n")
    card = {"labels": LABELS, "vocabulary": {"sha256": "beef"}, "max_length": 32, "files": folders.hashes(folder)}
    (extra / "card.json").write_text(json.dumps(card))


def write(path):
    return tf.io.write_file(path, "harm")


def write_in_a_loop(path):
    def body(turn):
        write(path)
        return [turn + 1]

    tf.while_loop(lambda turn: turn < 1, body, [tf.constant(0)])


def write_in_a_branch(path):
    def branch():
        write(path)
        return 1

    tf.cond(tf.constant(1) < 2, branch, lambda: 0)


def write_by_nested_functions(path):
    @tf.function
    def inner():
        write(path)

    @tf.function
    def outer():
        inner()

    outer()


def write_a_checkpoint(path):
    tensors = {"tensor_names": ["x"], "shape_and_slices": [""], "tensors": [tf.constant("harm")]}
    return tf.raw_ops.SaveV2(prefix=path.removesuffix(".index"), **tensors)


HARM = {
    "write": ("load", write, "the operation WriteFile in the function __inference__initializer_"),
    "nested": ("load", write_by_nested_functions, "the operation WriteFile in the function __inference_inner_"),
    "loop": ("load", write_in_a_loop, "the operation WriteFile in the function while_body_"),
    "branch": ("load", write_in_a_branch, "the operation "),  # of the branch or of what chooses it
    "checkpoint": ("load", write_a_checkpoint, "the operation SaveV2 in the function __inference__initializer_"),
    "call": ("call", write, "the operation WriteFile in the function __inference_serve_"),
}


@pytest.fixture(scope="module")
def strangers(tmp_path_factory):
    """A folder with a harmless model and one model for each of `HARM`, which writes the file `NAME.index`."""
    root = tmp_path_factory.mktemp("strangers")
    save_stranger(root / "harmless")
    for name, (moment, work, _) in HARM.items():
        marker = root / f"{name}.index"
        save_stranger(root / name, **{f"at_{moment}": lambda work=work, marker=marker: work(str(marker))})
    for path in root.glob("*.index"):
        path.unlink()  # making a table does its work too
    return root


@pytest.fixture
def stranger(strangers, tmp_path):
    """A harmless model of a test's own."""
    return Path(shutil.copytree(strangers / "harmless", tmp_path / "harmless"))


def refused(folder, message, load=saving.load_classifier, **settings):
    with pytest.raises(ValueError, match="^" + re.escape(f"{folder}: {message}")) as caught:
        load(folder, **settings)
    assert "trust=True" in str(caught.value)
    return str(caught.value)


def test_a_harmless_model_of_a_stranger_is_loaded(strangers):
    assert saving.load_classifier(strangers / "harmless").label_names == LABELS


@pytest.mark.parametrize("name", HARM)
def test_a_graph_that_writes_a_file_is_refused_and_nothing_is_written(strangers, name):
    for runtime in options.RUNTIMES:
        refused(strangers / name, f"{GRAPH}: {HARM[name][2]}", runtime=runtime)
    assert not list(strangers.glob("*.index*"))


def test_a_graph_that_runs_python_is_refused_and_nothing_runs(tmp_path):
    ran = []
    save_stranger(tmp_path / "m", at_load=lambda: tf.py_function(lambda: ran.append(1) or 0, [], tf.int64))
    ran.clear()
    refused(tmp_path / "m", f"{GRAPH}: the operation EagerPyFunc in the function __inference__initializer_")
    assert not ran
    tf.saved_model.load(str(tmp_path / "m"))
    assert ran  # so it would have run


PLAIN = """
import json, sys
from pathlib import Path
import keras, tensorflow as tf

root = Path(sys.argv[1])
for name in json.loads(sys.argv[2]):
    model = tf.saved_model.load(str(root / name))
    at_load = (root / f"{name}.index").exists()
    model.serve(tf.constant(["x"]))
    print(name, at_load, (root / f"{name}.index").exists())
keras.config.enable_unsafe_deserialization()
keras.models.model_from_json((root / "network.json").read_text())
print("network", (root / "network.index").exists())
"""


def network_that_writes(path):
    """Returns the settings of a network that writes the file `path` as soon as Keras makes it."""
    numbers = keras.Input((2,))
    harmful = eval(f"lambda x: [open({str(path)!r}, 'w'), x][1]")  # Keras saves the code, not what it refers to
    model = keras.Model(numbers, keras.layers.Lambda(harmful)(numbers))
    path.unlink()
    return model.to_json()


@pytest.mark.long
def test_the_same_models_do_write_where_nothing_checks_them(strangers):
    (strangers / "network.json").write_text(network_that_writes(strangers / "network.index"))
    run = subprocess.run(
        [sys.executable, "-c", PLAIN, str(strangers), json.dumps(list(HARM))],
        capture_output=True,
        text=True,
        check=False,
    )
    for path in strangers.glob("*.index*"):
        path.unlink()
    expected = [f"{name} {moment == 'load'} True" for name, (moment, *_) in HARM.items()]
    assert run.stdout.splitlines() == [*expected, "network True"], run.stderr


def test_trust_is_what_lets_a_model_do_as_it_likes(strangers):
    assert saving.load_classifier(strangers / "write", trust=True).label_names == LABELS
    marker = strangers / "write.index"
    assert marker.read_text() == "harm"
    marker.unlink()


# Other ways in: each edit of a harmless graph is refused by name.


def first_function(model):
    return model.meta_graphs[0].graph_def.library.function[0]


def objects_of(model):
    return model.meta_graphs[0].object_graph_def


def add_graph(model):
    second = model.meta_graphs.add()
    second.CopyFrom(model.meta_graphs[0])
    second.meta_info_def.tags[:] = ["evil"]
    second.graph_def.node.add(name="harm", op="WriteFile")


def add_node(model):
    model.meta_graphs[0].graph_def.node.add(name="harm", op="WriteFile")


def become_tensorflow_1(model):
    model.meta_graphs[0].ClearField("object_graph_def")


def add_asset(model):
    model.meta_graphs[0].asset_file_def.add().filename = "../../.ssh/id_rsa"


def add_gradient(model):
    model.meta_graphs[0].graph_def.library.registered_gradients.add(gradient_func="f", registered_op_type="PyFunc")


def add_note(model):
    first_function(model).attr["api_implements"].s = b"lstm"


def add_note_to_node(model):
    first_function(model).node_def[0].attr["_tpu_replicate"].s = b"x"


def add_rules(model):
    config = config_pb2.ConfigProto()
    config.graph_options.rewrite_options.custom_optimizers.add(name="x")
    first_function(model).node_def[0].attr["config_proto"].s = config.SerializeToString()


def call_missing(model):
    first_function(model).node_def[0].attr["f"].func.name = "__inference_of_another_model"


def add_variant(model):
    first_function(model).node_def[0].attr["value"].tensor.dtype = types_pb2.DT_VARIANT


def name_python_class(model):
    objects_of(model).nodes[0].registered_name = "tf.StaticHashTable"


def name_keras_layer(model):
    objects_of(model).nodes[0].user_object.identifier = "_tf_keras_layer"


def add_file_object(model):
    objects_of(model).nodes.add().asset.asset_file_def_index = 0


def add_saver(model):
    objects_of(model).nodes[0].registered_saver = "x"


def add_slot(model):
    objects_of(model).nodes[0].slot_variables.add(slot_name="x")


def name_attribute_of_python(model):
    objects_of(model).nodes[0].children[0].local_name = "__class__"


def name_method_of_tensorflow(model):
    objects_of(model).nodes[0].children[0].local_name = "_serialize_to_tensors"


def name_type_of_argument(model):
    function = next(iter(objects_of(model).concrete_functions.values()))
    function.output_signature.type_spec_value.type_spec_class_name = "x"


def lose_function(model):
    objects_of(model).concrete_functions["__inference_of_another_model"].bound_inputs[:] = []


WAYS = {
    add_graph: "2 graphs instead of one",
    add_node: "the operation WriteFile in the main graph",
    become_tensorflow_1: "a graph of TensorFlow 1, which has no objects",
    add_asset: "the asset file '../../.ssh/id_rsa'",
    add_gradient: "gradients of its own",
    add_note: "the note api_implements on the function ",
    add_note_to_node: "the note _tpu_replicate on the operation ",
    add_rules: "rules that rewrite the graph, on the operation ",
    call_missing: "the call of __inference_of_another_model by the operation ",
    add_variant: "an object as a value, at the operation ",
    name_python_class: "the object 0, user_object _generic_user_object tf.StaticHashTable",
    name_keras_layer: "the object 0, user_object _tf_keras_layer",
    add_file_object: "the object ",
    add_saver: "the object 0 with ways of its own to be read",
    add_slot: "the object 0 with ways of its own to be read",
    name_attribute_of_python: "the object name '__class__'",
    name_method_of_tensorflow: "the object name '_serialize_to_tensors'",
    name_type_of_argument: "a type_spec_value among the arguments or results of a function",
    lose_function: "the function __inference_of_another_model, which is loaded and missing",
}


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
def test_whatever_else_a_graph_can_bring_is_refused_by_name(stranger, way):
    edit_graph(stranger, way)
    assert refused(stranger, f"{GRAPH}: {WAYS[way]}")


def saver_and_initializer(model):
    """Returns the graph, the function that saves the weights, and one that is run while the model is loaded."""
    meta_graph = model.meta_graphs[0]
    names = [function.signature.name for function in meta_graph.graph_def.library.function]
    (saver,) = (name for name in names if "traced_save" in name)
    (initializer,) = (name for name in names if "_initializer" in name)
    return meta_graph, saver, initializer


def test_the_functions_that_may_reach_files_cannot_be_called_or_loaded(stranger, strangers, tmp_path):
    def call_saver(model):
        meta_graph, saver, initializer = saver_and_initializer(model)
        functions = {function.signature.name: function for function in meta_graph.graph_def.library.function}
        call = functions[initializer].node_def.add(name="harm", op="StatefulPartitionedCall")
        call.attr["f"].func.name = saver

    edit_graph(stranger, call_saver)
    refused(stranger, f"{GRAPH}: the call of __inference__traced_save_")

    def pass_for_saver(model):
        meta_graph, saver, initializer = saver_and_initializer(model)
        nodes, functions = meta_graph.graph_def.node, meta_graph.graph_def.library.function
        for group, name in ((nodes, lambda node: node.attr["f"].func.name), (functions, lambda f: f.signature.name)):
            group.remove(next(part for part in group if name(part) == saver))
        (node,) = (node for node in nodes if node.attr["f"].func.name == initializer)
        meta_graph.saver_def.save_tensor_name = f"{node.name}:0"

    folder = Path(shutil.copytree(strangers / "checkpoint", tmp_path / "checkpoint"))
    edit_graph(folder, pass_for_saver)
    message = refused(folder, f"{GRAPH}: the function __inference__initializer_")
    assert ", which is loaded and reads or writes files: " in message
    assert not list(strangers.glob("*.index*"))


def test_a_function_named_like_a_harmless_operation_hides_nothing(strangers, tmp_path):
    folder = Path(shutil.copytree(strangers / "write", tmp_path / "write"))

    def rename(model):
        _, _, initializer = saver_and_initializer(model)
        for message in safety.messages_within(model):
            if message.DESCRIPTOR.name in ("NameAttrList", "OpDef") and message.name == initializer:
                message.name = "Identity"

    edit_graph(folder, rename)
    assert refused(folder, f"{GRAPH}: the operation WriteFile in the function Identity")


@pytest.mark.parametrize(
    "name", ["saved_model.pbtxt", "saved_model.cpb", "assets/words.txt", "debug/saved_model_debug_info.pb", "x.keras"]
)
def test_a_file_that_no_model_of_the_kit_has_is_refused_though_the_card_vouches_for_it(stranger, name):
    (stranger / name).parent.mkdir(exist_ok=True)
    (stranger / name).write_text("meta_graphs {}")
    edit_card(stranger)
    assert refused(stranger, f"the file {name}: ")


def test_a_graph_as_text_alone_and_a_broken_one_are_no_models(stranger):
    data = (stranger / GRAPH).read_bytes()
    (stranger / GRAPH).write_bytes(data[:-7])
    edit_card(stranger)
    with pytest.raises(ValueError, match=re.escape(f"{stranger}: {GRAPH}: expected a SavedModel: ")):
        saving.load_classifier(stranger)
    (stranger / GRAPH).rename(stranger / "saved_model.pbtxt")
    edit_card(stranger)
    with pytest.raises(FileNotFoundError, match=re.escape(f"{stranger}: expected {GRAPH} in it, found none")):
        saving.load_classifier(stranger, trust=True)


def test_weights_that_name_registered_python_are_refused(stranger):
    prefix, key = str(stranger / "variables" / "variables"), "_CHECKPOINTABLE_OBJECT_GRAPH"
    reader = tf.train.load_checkpoint(prefix)
    tensors = {name: reader.get_tensor(name) for name in reader.get_variable_to_shape_map()}
    objects = trackable_object_graph_pb2.TrackableObjectGraph.FromString(tensors[key])
    objects.nodes[0].registered_saver.name = "x"
    tensors[key] = objects.SerializeToString()
    tf.raw_ops.SaveV2(
        prefix=prefix, tensor_names=list(tensors), shape_and_slices=[""] * len(tensors), tensors=list(tensors.values())
    )
    edit_card(stranger)
    refused(stranger, "variables: the object 0 with ways of its own to be read")
    (stranger / "variables" / "variables.index").write_bytes(b"x" * 99)
    edit_card(stranger)
    with pytest.raises(ValueError, match=re.escape(f"{stranger}: variables: expected the weights of a SavedModel: ")):
        saving.load_classifier(stranger)


def test_a_graph_without_the_kits_functions_gets_one_clear_error(tmp_path):
    save_stranger(tmp_path / "m")
    module = tf.Module()
    module.weight = tf.Variable(1.0)
    tf.saved_model.save(module, str(tmp_path / "m"))
    edit_card(tmp_path / "m")
    with pytest.raises(
        ValueError, match=re.escape(f"{tmp_path / 'm'}: expected a model of this kit, TensorFlow gets ")
    ):
        saving.load_classifier(tmp_path / "m")


# Files, cards and the settings of networks.


@pytest.mark.parametrize("trust", [False, True])
def test_a_link_that_leads_out_of_the_folder_and_what_is_no_file_are_refused(stranger, tmp_path, trust):
    (stranger / "variables").rename(tmp_path / "outside")
    (stranger / "variables").symlink_to(tmp_path / "outside")
    edit_card(stranger)  # the files behind the link are not in the card: they could be changed at any time
    message = f"{stranger}: variables: expected a file, got a link out to {tmp_path / 'outside'}"
    with pytest.raises(ValueError, match=re.escape(message)):
        saving.load_classifier(stranger, trust=trust)
    (stranger / "variables").unlink()
    os.mkfifo(stranger / "variables")
    with pytest.raises(ValueError, match=re.escape(f"{stranger}: variables: expected a plain file or a folder")):
        saving.load_classifier(stranger, trust=trust)


def test_a_file_named_like_the_card_elsewhere_is_no_card(stranger):
    (stranger / "variables" / "card.json").write_text("{}")
    message = f"{stranger}: these files are not the ones that the card describes: variables/card.json"
    with pytest.raises(ValueError, match=re.escape(message)):
        saving.load_classifier(stranger)


def test_sha256_pins_a_model(stranger):
    pin = cards.fingerprint(stranger)
    assert re.fullmatch("[0-9a-f]{64}", pin)
    assert saving.load_classifier(stranger, sha256=pin).label_names == LABELS
    edit_card(stranger, licence="mine")  # all the rest is the same, and the card fits it
    message = f"{stranger}: expected the model whose card has the SHA-256 {pin}, got another one: "
    for load in (saving.load_classifier, saving.load_network):
        with pytest.raises(ValueError, match=re.escape(message + cards.fingerprint(stranger))):
            load(stranger, sha256=pin)
    assert saving.load_classifier(stranger).card["licence"] == "mine"


def nested(levels):
    return {"config": nested(levels - 1)} if levels > 1 else {}


def test_a_card_that_is_nested_too_deeply_is_neither_read_nor_written(stranger, tmp_path):
    edit_card(stranger, settings=nested(cards.MAX_DEPTH - 1))
    assert saving.load_classifier(stranger).label_names == LABELS
    edit_card(stranger, settings=nested(cards.MAX_DEPTH))
    path = stranger / "assets.extra" / "card.json"
    with pytest.raises(ValueError, match=re.escape(f"{path}: expected a JSON object of at most 64 levels, got more")):
        saving.load_classifier(stranger, trust=True)
    with pytest.raises(ValueError, match="card: expected at most 64 levels, got more"):
        saving.save_classifier(built(**OWN["simple"]), tmp_path / "m", card=CARD | {"settings": nested(64)})
    assert not (tmp_path / "m").exists()


@pytest.fixture
def mine(own, tmp_path):
    """A saved model of this kit, to change."""
    return Path(shutil.copytree(own / "simple", tmp_path / "simple"))


def test_a_network_with_a_lambda_is_refused_before_keras_sees_it(mine, tmp_path):
    path = mine / "assets.extra" / "network.json"
    path.write_text(network_that_writes(tmp_path / "harm"))
    edit_card(mine)
    message = f"{path}: the class 'Lambda' of 'keras.layers', registered as None: "
    for load in (saving.load_network, lambda folder: saving.load_classifier(folder, runtime="numpy")):
        with pytest.raises(ValueError, match="^" + re.escape(message)):
            load(mine)
    assert not (tmp_path / "harm").exists()


def test_a_huge_or_deep_network_and_none_at_all_are_refused(mine):
    path = mine / "assets.extra" / "network.json"
    for content, message in [
        (json.dumps(nested(65)), f"{path}: expected a JSON object of at most 64 levels, got more"),
        ("[" * 200_000, f"{path}: expected a JSON object: "),
        ("{}", f"{path}: expected the settings of a network with a TextToIds layer: KeyError('config')"),
    ]:
        path.write_text(content)
        edit_card(mine)
        with pytest.raises(ValueError, match="^" + re.escape(message)):
            saving.load_network(mine)
    with path.open("wb") as file:
        file.truncate(safety.MAX_NETWORK_BYTES + 1)  # takes no space
    edit_card(mine)
    with pytest.raises(ValueError, match=f"^{re.escape(str(path))}: expected at most 67108864 bytes, got 67108865"):
        saving.load_network(mine)
    path.unlink()
    edit_card(mine)
    with pytest.raises(FileNotFoundError, match=re.escape(f"{path}: expected the settings of the network, found none")):
        saving.load_network(mine)


def layer(module, name, registered=None, **config):
    return {"module": module, "class_name": name, "registered_name": registered, "config": config}


@pytest.mark.parametrize(
    ("part", "message"),
    [
        (layer("keras.layers", "TorchModuleWrapper"), "the class 'TorchModuleWrapper' of 'keras.layers'"),
        (layer("os", "system"), "the class 'system' of 'os'"),
        (layer("keras.layers", "Dropout", "textrnn>Elman"), "the class 'Dropout' of 'keras.layers', registered as"),
        (
            layer("textrnn.layers", "ClassEvidence", "mine>X"),
            "the class 'ClassEvidence' of 'textrnn.layers', registered",
        ),
        (layer(None, "__lambda__", value="x"), "the class '__lambda__' of None"),
        (layer(None, "__typespec__"), "the class '__typespec__' of None"),
        (layer("builtins", "function", "eval"), "the class 'function' of 'builtins'"),
        ({"class_name": ["Dropout"], "config": {}}, "the class ['Dropout'] of None"),
        ({"module": ["keras"], "class_name": "Dropout"}, "the class 'Dropout' of ['keras']"),
        (layer("keras.layers", "LSTM", activation="mine>open"), "activation 'mine>open'"),
        (layer("keras.layers", "LSTM", recurrent_activation={"a": 1}), "recurrent_activation {'a': 1}"),
        (layer("keras.layers", "LSTM", kernel_initializer="mine>x"), "kernel_initializer 'mine>x'"),
        ({"compile_config": {"loss": "mine>x"}}, "compile_config {'loss': 'mine>x'}"),
    ],
    ids=lambda value: value[:30] if isinstance(value, str) else "",
)
def test_settings_of_a_network_that_name_anything_foreign_are_refused_at_any_depth(own, part, message):
    path = own / "simple" / "assets.extra" / "network.json"
    network = cards.read_json(path, max_bytes=safety.MAX_NETWORK_BYTES)
    safety.check_network(network, path)
    network["config"]["layers"][1]["config"]["deep"] = [[{"x": part}]]
    with pytest.raises(ValueError, match="^" + re.escape(f"{path}: {message}")):
        safety.check_network(network, path)
