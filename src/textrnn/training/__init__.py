"""Training: `train_textrnn` does it all by a `Recipe`, `fit` trains a model of your own; the rest are their parts."""

from textrnn.recipes import Recipe, recipe, recipe_for
from textrnn.training.batches import EncodedTexts, draw_batches, encode_texts, num_steps, predict_proba
from textrnn.training.first_vectors import set_embeddings, topic_vectors
from textrnn.training.linear_cells import without_linear_cells
from textrnn.training.loop import fit
from textrnn.training.optimizers import LazyAdamW, adamw
from textrnn.training.parallel import Workers
from textrnn.training.recommended import (
    add_linear_cells,
    balanced,
    compile_by,
    length_to_keep,
    recommended_encoder,
    recommended_textrnn,
    train_textrnn,
)
from textrnn.training.step import check_compiled, learn_batch, training_step

__all__ = [
    "EncodedTexts",
    "LazyAdamW",
    "Recipe",
    "Workers",
    "adamw",
    "add_linear_cells",
    "balanced",
    "check_compiled",
    "compile_by",
    "draw_batches",
    "encode_texts",
    "fit",
    "learn_batch",
    "length_to_keep",
    "num_steps",
    "predict_proba",
    "recipe",
    "recipe_for",
    "recommended_encoder",
    "recommended_textrnn",
    "set_embeddings",
    "topic_vectors",
    "train_textrnn",
    "training_step",
    "without_linear_cells",
]
