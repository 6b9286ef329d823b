"""Slot filling: travel requests to draw, and words and BIO tags as ids."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd

from textrnn.checks import check_integer, check_number, check_seed

PADDING, UNKNOWN = "", "[UNK]"  # ids 0 and 1 of every word vocabulary

SEEN_CITIES = (
    "taipei", "tainan", "taichung", "kaohsiung", "beijing", "shanghai", "guangzhou", "hangzhou", "chengdu",
    "tokyo", "osaka", "kyoto", "seoul", "busan", "bangkok", "hanoi", "singapore", "manila", "paris", "london",
    "berlin", "rome", "madrid", "boston", "chicago", "denver", "new york", "new delhi", "hong kong",
    "san francisco", "san diego", "kuala lumpur", "ho chi minh city", "mexico city",
)  # fmt: skip
UNSEEN_CITIES = (
    "hsinchu", "keelung", "nanjing", "wuhan", "xiamen", "sapporo", "nagoya", "incheon", "phuket", "jakarta",
    "vienna", "lisbon", "dublin", "zurich", "seattle", "houston", "los angeles", "las vegas", "abu dhabi",
    "buenos aires", "santa cruz", "cape town", "punta arenas",
)  # fmt: skip

_OPENERS = ("i would like to", "i want to", "please help me to", "we have to", "could you help us to", "i hope to")
_CUE_BEFORE = (  # what decides the slot stands before it
    "{open} arrive {to_city}{arrive_when}",
    "{open} leave {from_city}{leave_when}",
    "{open} arrive {to_city}{arrive_when} and then leave {from_city}{leave_when}",
    "{open} leave {from_city}{leave_when} and then arrive {to_city}{arrive_when}",
    "{open} arrive {to_city} from {from_city}{arrive_when}",
    "{open} leave {from_city} for {to_city}{leave_when}",
    "{open} fly from {from_city} to {to_city} leaving{leave_when}",
    "{open} fly from {from_city} to {to_city} arriving{arrive_when}",
    "{open} fly to {to_city} from {from_city} arriving{arrive_when}",
    "{open} fly to {to_city} from {from_city} leaving{leave_when}",
)
_CUE_AFTER = (  # what decides the slot stands after it
    "{from_city} is where i start",
    "{to_city} is where i end up",
    "book {from_city} to {to_city}{leave_when_said}",
    "book {to_city} from {from_city}{arrive_when_said}",
    "{to_city} is my destination and {from_city} is my origin",
    "{from_city} is my origin and {to_city} is my destination",
    "on {leave_date} at {leave_time} {open} leave {from_city}",
    "on {arrive_date} at {arrive_time} {open} arrive {to_city}",
    "at {leave_time} on {leave_date} {open} leave {from_city}",
    "at {arrive_time} on {arrive_date} {open} arrive {to_city}",
)
_DISTRACTORS = (  # cities, dates and times that fill no slot
    "my aunt lives in {city}",
    "we saw {city} last year",
    "the weather in {city} is bad",
    "today is {date}",
    "i called you on {date}",
    "it is {time} now",
)
_WHEN = ("", " on {date}", " at {time}", " on {date} at {time}", " at {time} on {date}")
_MONTHS = ("january", "february", "march", "april", "may", "june", "july", "august", "september", "october",
           "november", "december")  # fmt: skip
_ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth")
_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_HOURS = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven")


def draw_travel_requests(
    num_requests: int, *, seed: int, cities: Sequence[str] = SEEN_CITIES, after_share: float = 0.3
) -> pd.DataFrame:
    """Returns made-up travel requests, in which the same city is left in some and reached in others.

    The example behind it, "arrive Taipei on November 2nd" against "leave Taipei on November 2nd", is from
    Hung-yi Lee's lectures on RNN (2016/17). Six slots: `from_city`, `to_city`, `leave_date`, `arrive_date`,
    `leave_time`, `arrive_time`. In most requests the word that decides between leave and arrive stands before
    the slot, up to 13 words away; in the others it stands after. Half of the requests hold another city, date
    or time, which fills no slot.

    Args:
        num_requests: how many requests, at least 1.
        seed: the same seed draws the same requests.
        cities: city names of one or more words; at least 2. `UNSEEN_CITIES` shares no name with the default.
        after_share: the share, 0 to 1, of requests whose deciding words stand after the slot.

    Returns:
        A table with columns `words` (list of str), `tags` (list of BIO tags, one per word) and `cue` (`before` or
        `after`: where the word that decides stands).

    Raises:
        ValueError: `num_requests` is below 1, `cities` holds fewer than 2 different names or an empty name,
            `after_share` lies outside 0 to 1, or `seed` is no seed.

    Example:
        >>> row = draw_travel_requests(3, seed=4).iloc[0]
        >>> len(row.words) == len(row.tags)
        True
    """
    check_integer("num_requests", num_requests)
    check_seed(seed)
    if len(set(cities)) < 2 or not all(city.strip() for city in cities):
        raise ValueError(f"cities: expected at least 2 different, non-empty names, got {list(cities)!r}")
    check_number("after_share", after_share, "0 to 1", lambda share: 0 <= share <= 1)
    rng = np.random.default_rng(seed)
    rows = []
    for _ in range(num_requests):
        cue = "after" if rng.random() < after_share else "before"
        template = _pick(rng, _CUE_AFTER if cue == "after" else _CUE_BEFORE)
        if rng.random() < 0.5:
            distractor = _pick(rng, _DISTRACTORS)
            template = f"{distractor} and {template}" if rng.random() < 0.5 else f"{template} because {distractor}"
        rows.append((*_fill(rng, template, cities), cue))
    return pd.DataFrame(rows, columns=["words", "tags", "cue"])


def _pick(rng: np.random.Generator, options: Sequence[str]) -> str:
    return options[int(rng.integers(len(options)))]


def _draw_date(rng: np.random.Generator) -> str:
    forms = (
        f"{_pick(rng, _MONTHS)} {_pick(rng, _ORDINALS)}",
        f"the {_pick(rng, _ORDINALS)} of {_pick(rng, _MONTHS)}",
        _pick(rng, _DAYS),
        f"next {_pick(rng, _DAYS)}",
    )
    return _pick(rng, forms)


def _draw_time(rng: np.random.Generator) -> str:
    hour = _pick(rng, _HOURS)
    return _pick(rng, (f"{hour} am", f"{hour} pm", f"half past {hour}", "noon", f"{hour} o'clock"))


def _fill(rng: np.random.Generator, template: str, cities: Sequence[str]) -> tuple[list[str], list[str]]:
    """Returns the words and tags of one template; no city comes twice."""
    template = template.replace("{open}", _pick(rng, _OPENERS))
    for verb, gerund in (("leave", "leaving"), ("arrive", "arriving")):
        when = _pick(rng, _WHEN[1:] if gerund in template else _WHEN)
        when = when.replace("{", "{" + verb + "_")
        template = template.replace("{" + verb + "_when_said}", f" {gerund}{when}" if when else "")
        template = template.replace("{" + verb + "_when}", when)
    # A placeholder such as {to_city} is drawn as a city and tagged; a bare {city} is drawn and stays outside.
    free_cities = list(rng.permutation(sorted(set(cities))))
    words, tags = [], []
    for part in template.split():
        if not part.startswith("{"):
            words.append(part)
            tags.append("O")
            continue
        name = part[1:-1]
        kind = name.rpartition("_")[2]
        if kind == "city":
            filler = str(free_cities.pop() if free_cities else _pick(rng, cities)).split()
        else:
            filler = (_draw_date(rng) if kind == "date" else _draw_time(rng)).split()
        words += filler
        tags += ["O"] * len(filler) if name == kind else [f"B-{name}"] + [f"I-{name}"] * (len(filler) - 1)
    return words, tags


def word_shape(word: str) -> str:
    """Returns the class of a word by its spelling: its digits as `#`, or a hyphen and its last three letters.

    An unknown word is read as its shape, as rare words are in taggers since Brants (2000).

    Example:
        >>> word_shape("1083"), word_shape("dc10"), word_shape("planning"), word_shape("to")
        ('####', 'dc##', '-ing', '-to')
    """
    return re.sub(r"\d", "#", word) if re.search(r"\d", word) else f"-{word[-3:]}"


def build_vocabulary(sentences: Iterable[Sequence[str]], *, min_count: int = 1, min_shape_words: int = 0) -> list[str]:
    """Returns the words that get an id; build it from the train split alone.

    Args:
        sentences: lists of words.
        min_count: words that occur less often are left out.
        min_shape_words: if above 0, an id goes to each `word_shape` that at least this many different words
            share; words without an id of their own are then read as their shape.

    Returns:
        Entries whose index is their id: `""` (padding, 0), `"[UNK]"` (unknown, 1), then words, most frequent
        first and ties in code-point order, then shapes.

    Raises:
        ValueError: there is no word, `min_count` is below 1, or `min_shape_words` below 0.

    Example:
        >>> build_vocabulary([["leave", "taipei"], ["arrive", "taipei"]])
        ['', '[UNK]', 'taipei', 'arrive', 'leave']
    """
    check_integer("min_count", min_count)
    check_integer("min_shape_words", min_shape_words, least=0)
    counts = Counter(word for words in sentences for word in words)
    if not counts:
        raise ValueError("sentences: expected at least one word, got none")
    words = sorted((w for w, count in counts.items() if count >= min_count), key=lambda w: (-counts[w], w))
    shapes = Counter(map(word_shape, counts)) if min_shape_words else {}
    kept = sorted(shape for shape, count in shapes.items() if count >= min_shape_words and shape not in counts)
    return [PADDING, UNKNOWN, *words, *kept]


def list_tags(tags: Iterable[Sequence[str]]) -> list[str]:
    """Returns the different tags, `"O"` first and the others sorted: the index of a tag is its id.

    Example:
        >>> list_tags([["O", "B-to_city"], ["B-from_city", "I-from_city"]])
        ['O', 'B-from_city', 'B-to_city', 'I-from_city']
    """
    return ["O", *sorted({tag for row in tags for tag in row} - {"O"})]


def encode_words(
    sentences: Sequence[Sequence[str]], vocabulary: Sequence[str], *, num_steps: int | None = None
) -> np.ndarray:
    """Returns the ids of the words, padded with 0 at the end.

    A word without an id is read as its `word_shape` where that has one, else as unknown (1).

    Args:
        sentences: lists of words.
        vocabulary: from `build_vocabulary`.
        num_steps: columns of the answer; the longest sentence if `None`.

    Returns:
        `int32` ids of shape `(batch, steps)`.

    Raises:
        ValueError: a sentence is empty or longer than `num_steps`.

    Example:
        >>> encode_words([["leave", "taipei"], ["arrive"]], ["", "[UNK]", "leave", "taipei"]).tolist()
        [[2, 3], [1, 0]]
    """
    index = {word: number for number, word in enumerate(vocabulary)}
    return _pad([[index.get(w, index.get(word_shape(w), 1)) for w in words] for words in sentences], num_steps)


def encode_tags(tags: Sequence[Sequence[str]], tag_names: Sequence[str], *, num_steps: int | None = None) -> np.ndarray:
    """Returns the ids of the tags, padded with 0 (`"O"`) at the end; tags without a name become 0 as well.

    A tag that train never shows cannot be predicted; scores count it against the true tags, so nothing is hidden.

    Args:
        tags: one list of BIO tags per sentence.
        tag_names: from `list_tags`.
        num_steps: columns of the answer; the longest sentence if `None`.

    Returns:
        `int32` ids of shape `(batch, steps)`.

    Raises:
        ValueError: a list is empty or longer than `num_steps`.
    """
    index = {tag: number for number, tag in enumerate(tag_names)}
    return _pad([[index.get(tag, 0) for tag in row] for row in tags], num_steps)


def _pad(rows: list[list[int]], num_steps: int | None) -> np.ndarray:
    longest = max(map(len, rows), default=0)
    num_steps = longest if num_steps is None else num_steps
    for number, row in enumerate(rows):
        if not 0 < len(row) <= num_steps:
            raise ValueError(f"sentence {number}: expected 1 to {num_steps} words, got {len(row)}")
    padded = np.zeros((len(rows), num_steps), dtype=np.int32)
    for number, row in enumerate(rows):
        padded[number, : len(row)] = row
    return padded


def list_stand_ins(vocabulary: Sequence[str]) -> list[int]:
    """Returns for each word id the id that it would have if the word were unknown: its shape's, or 1.

    Example:
        >>> list_stand_ins(["", "[UNK]", "monday", "taipei", "1083", "-day", "####"])
        [0, 1, 5, 1, 6, 5, 6]
    """
    index = {word: number for number, word in enumerate(vocabulary)}
    own = [word.startswith("-") or "#" in word for word in vocabulary]  # a shape stands in for itself
    shapes = [i if own[i] else index.get(word_shape(word), 1) for i, word in enumerate(vocabulary)]
    return [0, 1, *shapes[2:]]


def list_word_kinds(
    sentences: Sequence[Sequence[str]], tags: Sequence[Sequence[str]], vocabulary: Sequence[str]
) -> np.ndarray:
    """Returns as what each word stood in train: `float32 (words of the vocabulary, kinds)`, 1 where it did, else 0.

    A kind is a tag without what stands before the last dot of its slot: a city that one only ever left is one that
    may be reached. Padding and unknown words have zeros.

    Args:
        sentences: lists of words.
        tags: one list of BIO tags per sentence.
        vocabulary: from `build_vocabulary`.

    Example:
        >>> list_word_kinds([["from", "new", "york"]], [["O", "B-from.city", "I-from.city"]], ["", "new", "york"])
        array([[0., 0.],
               [1., 0.],
               [0., 1.]], dtype=float32)
    """
    pairs = {
        (word, tag[:2] + tag[2:].split(".")[-1])
        for words, row in zip(sentences, tags, strict=True)
        for word, tag in zip(words, row, strict=True)
        if tag != "O"
    }
    kinds = {kind: column for column, kind in enumerate(sorted({kind for _, kind in pairs}))}
    index = {word: number for number, word in enumerate(vocabulary)}
    found = np.zeros((len(vocabulary), len(kinds)), dtype="float32")
    for word, kind in pairs:
        if word in index:
            found[index[word], kinds[kind]] = 1
    return found
