"""The names that a user may choose from; whoever checks or offers a choice takes the list from here."""

# of a network
UNITS = ("char", "word")  # what a token is
CELLS = ("lstm", "gru", "simple", "feedforward")
POOLINGS = ("last", "max", "mean", "attention")

# of a table
ON_EMPTY = ("skip", "error")  # what becomes of a row without a text or a label

# of a training run
SCORES = ("accuracy", "macro_f1")  # what makes an epoch the best
CLASS_WEIGHTS = ("balanced",)  # how much the rows of a class count

# of a saved model
TABLES = ("float32", "int8")  # how its embeddings are written
RUNTIMES = ("numpy", "onnx", "tensorflow")  # what computes its answers
EXPORTS = ("onnx", "litert")  # other runtimes that it can be written for
LONG_TEXT = ("windows", "head")  # what it reads of a text that is too long for its network: all of it, or its start

# of bulk prediction
BULK_FORMATS = ("parquet", "csv", "jsonl")  # how its answers are written

# of an LSTM
KINDS = ("input_gate", "forget_gate", "output_gate", "candidate", "cell", "output")  # what it does at each step

# A page of a lesson
LESSONS = ("memory", "cell", "cliff")  # which small network it lets a reader change
