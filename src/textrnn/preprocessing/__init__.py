"""From text to ids: normalise, split into characters or words, number them; in plain Python, for reading and for use.

`TextEncoder` is the definition. `layers.TextToIds` is the same definition as a Keras layer made of TensorFlow
operations, so that it is saved inside the model. Both give the same ids for every text; tests hold them to it.
"""

from textrnn.preprocessing.encoder import (
    FIRST_ID,
    PADDING_ID,
    UNKNOWN_ID,
    WINDOWS_AT_A_TIME,
    TextEncoder,
    Windows,
)
from textrnn.preprocessing.normalisation import (
    NUM_CODE_POINTS,
    changed_code_points,
    normal_form,
    normalise,
    simplified,
    split_words,
)
from textrnn.preprocessing.settings import check_vocabulary_settings

__all__ = [
    "FIRST_ID",
    "NUM_CODE_POINTS",
    "PADDING_ID",
    "UNKNOWN_ID",
    "WINDOWS_AT_A_TIME",
    "TextEncoder",
    "Windows",
    "changed_code_points",
    "check_vocabulary_settings",
    "normal_form",
    "normalise",
    "simplified",
    "split_words",
]
