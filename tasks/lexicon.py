"""Words that more than one task draws from: short, frequent, one token in most vocabularies."""

NAMES = tuple(
    "Mary John Anna Tom James Sarah Paul Laura Mark Emma David Kate Peter Alice Robert Jane Michael Lisa "
    "Daniel Susan Kevin Rachel Eric Amy Brian Helen Adam Julia Simon Claire Scott Diana Frank Ruth Henry "
    "Rose Jack Grace George Linda".split()
)
