"""Checks of a saved model before it is loaded: its files, its graph, its objects, and the settings of its network.

TensorFlow runs parts of a SavedModel while it loads it, before anything is called, and whoever wrote the graph decides
which. So the graph is parsed here, not loaded, and passes if it is made of nothing but what this kit's own exports are
made of. Lists of what is forbidden have been evaded again and again; these are lists of what is needed. They keep a
model from files, processes and the network; they say nothing about whether its answers are right.
"""

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import tensorflow as tf
from google.protobuf.message import DecodeError, Message
from tensorflow.core.framework import types_pb2
from tensorflow.core.protobuf import config_pb2, saved_model_pb2, trackable_object_graph_pb2

from textrnn.cards import GRAPH

MAX_NETWORK_BYTES = 2**26
ADVICE = (
    "no export of this kit needs that. A model is a program: look into this one, and load it with trust=True if it is "
    "your own or you know who made it"
)

# Every file of a saved model. TensorFlow itself would also read the graph as text, in pieces, and debugging notes.
FILES = re.compile(
    r"saved_model\.pb|fingerprint\.pb|variables/variables\.(index|data-\d{5}-of-\d{5})"
    r"|assets\.extra/(labels\.txt|card\.json|network\.json)"
)

# What the exports of `networks.build_textrnn` and `build_textcnn` are made of, by what needs it. An operation may be
# added if it neither reads nor writes files, and neither runs Python nor talks to anything outside of the graph.
OPERATIONS = {
    "arithmetic of the layers and of the ids": (
        "AddV2 Any ArgMax BiasAdd Cast Conv2D Cumsum DenseBincount Equal Exp FloorDiv Greater Less Log "
        "LogicalAnd LogicalOr MatMul Max Maximum Minimum Mul NotEqual OneHot Prod RealDiv Relu SegmentSum Sigmoid "
        "Softmax Sub Sum Tanh UnsortedSegmentSum"
    ),
    "values put together, taken apart and moved": (
        "BroadcastTo ConcatV2 ExpandDims Fill GatherV2 OnesLike Pack Pad Range Reshape ReverseV2 Select SelectV2 Shape "
        "Size Split Squeeze StridedSlice Tile Transpose Where ZerosLike"
    ),
    "texts as rows of characters, words and windows": (
        "RaggedGather RaggedRange RaggedTensorToTensor ScatterNd UnicodeDecode UnicodeEncode UpperBound"
    ),
    "the vocabulary's tables": "HashTableV2 LookupTableExportV2 LookupTableFindV2 LookupTableImportV2",
    "weights": "ReadVariableOp VarHandleOp",
    "steps of a recurrent layer": (
        "StatelessWhile TensorListFromTensor TensorListGetItem TensorListReserve TensorListSetItem TensorListStack "
        "While"
    ),
    "the frame of a graph": "Const Identity NoOp Placeholder StatefulPartitionedCall",
}
# These reach files. They may stand in the two functions with which TensorFlow Serving reads the weights back, and
# nothing that Python loads may call those.
SAVER_OPERATIONS = {
    "save": "DisableCopyOnRead MergeV2Checkpoints SaveV2 ShardedFilename StaticRegexFullMatch StringJoin",
    "restore": "AssignVariableOp RestoreV2",
}
# Notes that TensorFlow writes into nodes and functions. Others can bring in code, such as `api_implements`, by which
# one function takes the place of another.
NODE_NOTES = {
    "_class",
    "_collective_manager_ids",
    "_has_manual_control_dependencies",
    "_lower_using_switch_merge",
    "_num_original_outputs",
    "_output_shapes",
    "_read_only_resource_inputs",
}
FUNCTION_NOTES = {"_construction_context", "_input_shapes"}
# Objects that TensorFlow makes again: kind, identifier of a user's object, name of a registered Python class.
OBJECTS = {
    ("bare_concrete_function", "", ""),
    ("constant", "", "tf.TrackableConstant"),
    ("function", "", ""),
    ("resource", "", "tf.StaticHashTable"),
    ("user_object", "_generic_user_object", ""),
    ("user_object", "signature_map", ""),
    ("user_object", "trackable_list_wrapper", ""),
    ("variable", "", ""),
}
# An object becomes an attribute of another by its name; names with underscores in front are Python's and TensorFlow's.
OBJECT_NAME = re.compile(r"[a-z][a-z0-9_]*|\d+|_create_resource|_destroy_resource|_initializer?")
# Parts of the arguments and results of functions. Others name registered Python classes.
SIGNATURE_VALUES = {
    "dict_value",
    "list_value",
    "none_value",
    "string_value",
    "tensor_spec_value",
    "tuple_value",
    ("named_tuple_value", "FullArgSpec"),
}

# Classes that network.json may name, by module.
CLASSES = {
    None: "__ellipsis__ __keras_tensor__",
    "keras": "DTypePolicy",
    "keras.initializers": "GlorotUniform Orthogonal RandomUniform Zeros",
    "keras.layers": "Bidirectional Concatenate Conv1D Dense Dropout Embedding GRU InputLayer LSTM SimpleRNN",
    "keras.src.models.functional": "Functional",
    "keras.src.ops.core": "Cast",
    "keras.src.ops.numpy": "GetItem Greater Less Multiply Where",
    "textrnn.layers.evidence": "ClassEvidence",
    "textrnn.layers.pooling": "LabelProbabilities MaskedPooling",
    "textrnn.layers.text_to_ids": "TextToIds",
    # of models that were saved before the layers had a folder of their own
    "textrnn.layers": "ClassEvidence",
    "textrnn.networks": "LabelProbabilities MaskedPooling",
    "textrnn.preprocessing": "TextToIds",
}
ACTIVATIONS = ("linear", "relu", "sigmoid", "softmax", "tanh")


def check_links(folder: Path):
    """Looks at every entry of a resolved folder without opening it.

    Raises:
        ValueError: one is a link that leads out of the folder, or neither a plain file nor a folder.
    """
    for path in sorted(folder.rglob("*")):
        target = Path(os.path.realpath(path))
        if not target.is_relative_to(folder):
            raise ValueError(f"{folder}: {path.relative_to(folder)}: expected a file, got a link out to {target}")
        if not (path.is_file() or path.is_dir()):
            raise ValueError(f"{folder}: {path.relative_to(folder)}: expected a plain file or a folder")


def check_graph(folder: Path):
    """Checks the files, the graph and the objects of a saved model without loading it.

    Raises:
        ValueError: there is a file, an operation or an object that none of this kit's exports has. The message names
            it, where it stands, and what to do.
    """
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if not path.is_dir() and not FILES.fullmatch(name):
            raise ValueError(f"{folder}: the file {name}: {ADVICE}")
    try:
        model = saved_model_pb2.SavedModel.FromString((folder / GRAPH).read_bytes())
        what = next(_foreign(model), None)
    except DecodeError as error:
        raise ValueError(f"{folder}: {GRAPH}: expected a SavedModel: {error}") from None
    if what:
        raise ValueError(f"{folder}: {GRAPH}: {what}: {ADVICE}")
    if what := next(_foreign_in_checkpoint(folder), None):
        raise ValueError(f"{folder}: variables: {what}: {ADVICE}")


def _foreign(model: Message) -> Iterator[str]:
    """Yields what of a graph is on none of the lists, and where it stands."""
    if len(model.meta_graphs) != 1:
        yield f"{len(model.meta_graphs)} graphs instead of one"
        return
    (meta_graph,) = model.meta_graphs
    if not meta_graph.HasField("object_graph_def"):
        yield "a graph of TensorFlow 1, which has no objects"
    for asset in meta_graph.asset_file_def:
        yield f"the asset file {asset.filename!r}"
    graph, objects = meta_graph.graph_def, meta_graph.object_graph_def
    if graph.library.gradient or graph.library.registered_gradients:
        yield "gradients of its own"
    saver_nodes = {
        meta_graph.saver_def.save_tensor_name.partition(":")[0]: "save",
        meta_graph.saver_def.restore_op_name: "restore",
    }
    savers = {
        node.attr["f"].func.name: saver_nodes[node.name]
        for node in graph.node
        if node.name in saver_nodes and node.op == "StatefulPartitionedCall"
    }
    callable_ = {function.signature.name for function in graph.library.function} - set(savers)
    for node in graph.node:
        may_call = set(savers) if node.name in saver_nodes else callable_
        yield from _foreign_in_node(node, "the main graph", names_of(OPERATIONS), may_call)
    for function in graph.library.function:
        name = function.signature.name
        operations = names_of(OPERATIONS) | set(SAVER_OPERATIONS.get(savers.get(name), "").split())
        for note in sorted(set(function.attr) - FUNCTION_NOTES):
            yield f"the note {note} on the function {name}"
        for node in function.node_def:
            yield from _foreign_in_node(node, f"the function {name}", operations, callable_)
    for name in sorted(set(objects.concrete_functions) - callable_):
        yield f"the function {name}, which is loaded and {'reads or writes files' if name in savers else 'missing'}"
    yield from _foreign_objects(objects)


def names_of(groups: dict[str, str]) -> set[str]:
    """Returns all names of a list that is grouped by what needs them."""
    return set(" ".join(groups.values()).split())


def _foreign_in_node(node: Message, where: str, operations: set[str], may_call: set[str]) -> Iterator[str]:
    if node.op not in operations:
        yield f"the operation {node.op} in {where}"
    for name, value in node.attr.items():
        if name.startswith("_") and name not in NODE_NOTES:
            yield f"the note {name} on the operation {node.name} in {where}"
        if name == "config_proto" and config_pb2.ConfigProto.FromString(value.s).HasField("graph_options"):
            yield f"rules that rewrite the graph, on the operation {node.name} in {where}"
        for function in (value.func, *value.list.func):
            if function.name and (function.name not in may_call or function.attr):
                yield f"the call of {function.name} by the operation {node.name} in {where}"
        for tensor in (value.tensor, *value.list.tensor):
            if tensor.dtype in (types_pb2.DT_RESOURCE, types_pb2.DT_VARIANT):
                yield f"an object as a value, at the operation {node.name} in {where}"


def _foreign_objects(objects: Message) -> Iterator[str]:
    for number, node in enumerate(objects.nodes):
        what = (node.WhichOneof("kind"), node.user_object.identifier, node.registered_name)
        if what not in OBJECTS:
            yield f"the object {number}, {' '.join(word for word in what if word)}"
        if node.registered_saver or node.saveable_objects or node.slot_variables or node.serialized_user_proto.type_url:
            yield f"the object {number} with ways of its own to be read"
        for child in (*node.children, *node.dependencies):
            if not OBJECT_NAME.fullmatch(child.local_name):
                yield f"the object name {child.local_name!r}"
    for message in messages_within(objects):
        if message.DESCRIPTOR.name == "StructuredValue":
            kind = message.WhichOneof("kind")
            if kind not in SIGNATURE_VALUES and (kind, message.named_tuple_value.name) not in SIGNATURE_VALUES:
                yield f"a {kind} among the arguments or results of a function"


def messages_within(message: Message) -> Iterator[Message]:
    """Yields `message` and every message inside it."""
    yield message
    for field, value in message.ListFields():
        if field.type != field.TYPE_MESSAGE:
            continue
        if isinstance(value, Message):
            inner = [value]
        else:
            inner = value.values() if field.message_type.GetOptions().map_entry else value
        for part in inner:
            if isinstance(part, Message):
                yield from messages_within(part)


def _foreign_in_checkpoint(folder: Path) -> Iterator[str]:
    try:
        reader = tf.train.load_checkpoint(str(folder / "variables" / "variables"))
        objects = trackable_object_graph_pb2.TrackableObjectGraph.FromString(
            reader.get_tensor("_CHECKPOINTABLE_OBJECT_GRAPH")
        )
    except (tf.errors.OpError, RuntimeError, ValueError, DecodeError) as error:
        raise ValueError(f"{folder}: variables: expected the weights of a SavedModel: {error}") from None
    for number, node in enumerate(objects.nodes):
        if node.registered_saver.name or node.slot_variables:
            yield f"the object {number} with ways of its own to be read"


def check_network(network: Any, path: Path):
    """Checks the settings of a Keras network, at every depth, before Keras makes objects of them.

    Args:
        network: what network.json holds.
        path: where it stands, for the message.

    Raises:
        ValueError: a class or a function is named that none of this kit's networks has.
    """
    waiting = [network]
    while waiting:
        part = waiting.pop()
        if isinstance(part, list):
            waiting += part
        if not isinstance(part, dict):
            continue
        waiting += part.values()
        if {"class_name", "module", "registered_name"} & set(part):
            _check_class(part, path)
        for name, value in part.items():
            by_name = name in ("activation", "recurrent_activation")
            if (name == "compile_config" and value) or (by_name and value not in ACTIVATIONS):
                raise ValueError(f"{path}: {name} {value!r}: {ADVICE}")
            if name.endswith(("_initializer", "_regularizer", "_constraint")) and isinstance(value, str):
                raise ValueError(f"{path}: {name} {value!r}: {ADVICE}")


def _check_class(part: dict[str, Any], path: Path):
    name, module, registered = (part.get(key) for key in ("class_name", "module", "registered_name"))
    known = isinstance(module, (str, type(None))) and isinstance(name, str) and name in CLASSES.get(module, "").split()
    own = known and module is not None and module.startswith("textrnn.")
    if not known or registered not in ([f"textrnn>{name}"] if own else [None, name]):
        raise ValueError(f"{path}: the class {name!r} of {module!r}, registered as {registered!r}: {ADVICE}")
