"""The n-grams of one order, kept as one string: a large vocabulary is there at once and takes little memory."""

from collections.abc import Iterable, Iterator, Sequence


class Ngrams(Sequence):
    """Strings of `order` characters each, end to end in one; reads like the tuple of them, and equals it.

    Args:
        joined: the n-grams, one after another.
        order: how many characters each has.

    Raises:
        ValueError: `joined` is no string, or its last n-gram is too short.

    >>> Ngrams("abbc", 2) == ("ab", "bc")
    True
    """

    def __init__(self, joined: str, order: int):
        if not isinstance(joined, str):
            raise ValueError(f"{order}-grams: expected one string of them, got {type(joined).__name__}")
        if rest := len(joined) % order:
            raise ValueError(misfit(joined[-rest:], order))
        self.joined, self.order = joined, order

    @classmethod
    def of(cls, ngrams: Iterable[str], order: int) -> "Ngrams":
        """Returns `ngrams` as they are kept here.

        Raises:
            ValueError: one does not have `order` characters.
        """
        if isinstance(ngrams, Ngrams):
            return cls(ngrams.joined, order)
        ngrams = tuple(ngrams)
        for ngram in ngrams:
            if not isinstance(ngram, str) or len(ngram) != order:
                raise ValueError(misfit(ngram, order))
        return cls("".join(ngrams), order)

    def __len__(self) -> int:
        return len(self.joined) // self.order

    def __getitem__(self, index):
        if isinstance(index, slice):
            return tuple(self)[index]
        begin = range(0, len(self.joined), self.order)[index]
        return self.joined[begin : begin + self.order]

    def __iter__(self) -> Iterator[str]:
        return (self.joined[begin : begin + self.order] for begin in range(0, len(self.joined), self.order))

    def __eq__(self, other) -> bool:
        if isinstance(other, Ngrams):
            return self.joined == other.joined and (self.order == other.order or not self.joined)
        return tuple(self) == other if isinstance(other, tuple) else NotImplemented

    def __hash__(self) -> int:
        return hash(tuple(self))

    def __repr__(self) -> str:
        return repr(tuple(self))


def misfit(ngram: str, order: int) -> str:
    """Returns the message of the n-gram that a vocabulary cannot hold."""
    return f"{order}-grams: {ngram!r} needs {order} characters, all parts with an id"
