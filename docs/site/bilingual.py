"""Two languages in one site: a search that finds Chinese, and each page marked with its language."""

import re

import snowballstemmer
from sphinx.search import SearchLanguage, languages
from sphinx.search.en import SearchEnglish

LANGUAGE = "en_zh"
# Chinese has no spaces: a run of characters is found by its pairs, as Lucene does it. Index and question are split by
# the same rule, which two dictionaries (jieba here, the browser's there) would not do.
HAN = r"[\u3400-\u4dbf\u4e00-\u9fff]"  # for Python and for JavaScript
PIECES = re.compile(rf"{HAN}+|(?:(?!{HAN})\w)+")
SPLITTER = r"""
function splitQuery(query) {
  const pieces = query.match(/HAN+|(?:(?!HAN)[\p{L}\p{N}_])+/gu) ?? [];
  return pieces.flatMap((piece) =>
    /^HAN{2}/.test(piece) ? [...piece].slice(1).map((_, at) => piece.slice(at, at + 2)) : [piece],
  );
}
""".replace("HAN", HAN)


class SearchBoth(SearchLanguage):
    """English by the stems of words, Chinese by pairs of characters."""

    lang, language_name = LANGUAGE, "English"
    js_stemmer_rawcode, js_splitter_code = SearchEnglish.js_stemmer_rawcode, SPLITTER
    stopwords = SearchEnglish.stopwords

    def __init__(self, options):
        super().__init__(options)
        self.stemmer = snowballstemmer.stemmer("english")

    def split(self, input):
        """Returns words; of a run of Chinese its characters and its pairs."""
        words = []
        for piece in PIECES.findall(input):
            if re.match(HAN, piece):
                words += [*piece, *(piece[at : at + 2] for at in range(len(piece) - 1))]
            else:
                words.append(piece)
        return words

    def stem(self, word):
        """Returns the stem of an English word; Chinese stays as it is."""
        return self.stemmer.stemWord(word.lower())


def mark_language(app, pagename, templatename, context, doctree):
    """Gives a Chinese page its language, for screen readers and for the fonts of the browser."""
    if pagename.endswith(".zh"):
        context["language"] = "zh-CN"


def setup(app):
    """Registers the search, and marks every page."""
    languages[LANGUAGE] = SearchBoth
    app.connect("html-page-context", mark_language)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
