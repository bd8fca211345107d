"""Bytes of activations, term by term: what passes keep, and what the extractor makes of them.

Every function gives bytes for a batch of so many rows and tokens. s is the member's bytes a number, 4 or 2.
What the extractor keeps is float32 (4) whatever s is.
"""

from dataclasses import replace

from ..asking.decoding import LOGITS
from ..circuits.gradients import POSITIONS_AT_ONCE
from ..circuits.intervention import LEAST_READS
from ..circuits.portions import read_together, readers_of, rows_at_once
from ..circuits.stack_plan import STREAMS
from ..measure.entropies import MEMORY as LENS_BYTES
from ..pairs.unembedding import AT_ONCE as UNEMBEDDED
from .sizes import Sizes
from .workload import Load, parts_of_rows

FLOAT, DOUBLE = 4, 8


def saved(sizes: Sizes, rows: int, tokens: int, before: int = 0) -> int:
    """What autograd keeps of a forward pass over the layers, behind `before` cached tokens.

    Maps keep nothing, since no parameter needs a gradient. Of a layer of width W, H heads of size d and an
    MLP of width I are kept, per position:

    * both norms' inputs: RMSNorm in float32, 2·4W and one scale each, LayerNorm 2·sW and two;
    * attention: query, key, value and output, s·Hd each (keys and values repeated for every query head, and
      those of the cached tokens too), and the logarithm of the softmax's sum, 4H;
    * with norms per head (Qwen3) their inputs in float32, 4d and a scale for every head and key/value head;
    * a gated MLP: gate, its activation and up-projection, 3·sI; GPT-2's gelu keeps sI.

    Where queries are scaled (Ministral 3) a layer keeps what by, s a position of one row. Once for all
    layers: the final norm's input, the rotary cosine and sine, and the mask.
    """
    s, inner, layer = sizes.itemsize, sizes.heads * sizes.head_dim, _attention(sizes)
    positions, keys = rows * tokens, rows * (before + tokens)
    once = s * tokens * (before + tokens) + positions * _norm(sizes)
    once += sizes.scaled_queries * sizes.layers * s * tokens
    if not sizes.fused:
        once += 2 * s * tokens * sizes.head_dim
    elif before:  # the fused map's output is kept for the query, and keys and values in other places
        layer += 2 * s * inner
    return sizes.layers * (positions * layer + 2 * keys * s * inner) + positions * _mlps(sizes) + once


def spared(sizes: Sizes, rows: int, tokens: int, read: int) -> int:
    """What an attribution's pass does not keep of that, where at most so many positions of a row are read.

    The last MLP runs at these alone, and the way back ends at the first layer's maps, behind its norm.
    """
    # Where only some layers have experts, the last one does.
    last = _mlps(replace(sizes, layers=1, dense=int(sizes.dense == sizes.layers)))
    return rows * (tokens * _norm(sizes) + (tokens - read) * last)


def _attention(sizes: Sizes) -> int:
    """What the norms and the attention of a layer keep per position, but for keys and values."""
    found = 2 * _norm(sizes) + 2 * sizes.itemsize * sizes.heads * sizes.head_dim + FLOAT * sizes.heads
    if sizes.head_norms:
        found += FLOAT * (sizes.heads + sizes.kv_heads) * (sizes.head_dim + 1)
    return found


def _norm(sizes: Sizes) -> int:
    """What a norm on the residual stream keeps per position."""
    return sizes.itemsize * (sizes.width + 2) if sizes.fused else FLOAT * (sizes.width + 1)


def _mlps(sizes: Sizes) -> int:
    """What the MLPs of all layers keep per position.

    Of experts: for each that a token passes, its gate and up-projection 2·sI, their product sI, two copies of
    the output 2·sW, its weight and indices; and the router's probabilities. Where those of the chosen are
    made to add up to 1, they and their sum are kept once more.
    """
    s = sizes.itemsize
    dense = (1 if sizes.fused else 3) * s * sizes.inner
    expert = s * (3 * sizes.expert_inner + 2 * sizes.width + 1) + 16
    router = FLOAT * sizes.experts + 8 * sizes.chosen + sizes.renormalised * FLOAT * (sizes.chosen + 1)
    return sizes.dense * dense + (sizes.layers - sizes.dense) * (sizes.chosen * expert + router)


def seen(sizes: Sizes, rows: int, tokens: int, before: int = 0) -> int:
    """What the gradient hooks hold of a forward pass until it has been run back, beyond what autograd keeps.

    The outputs of the query, key and value maps, s a number. Autograd keeps GPT-2's fused map and a value
    that is not repeated itself, and the inputs of float32 norms per head.
    """
    s, inner, grouped = sizes.itemsize, sizes.heads * sizes.head_dim, sizes.kv_heads * sizes.head_dim
    layer = 0
    if not sizes.fused:
        normed = sizes.head_norms and s == FLOAT
        layer += 0 if normed else inner + grouped
        layer += grouped if grouped < inner or before else 0
    return s * rows * tokens * sizes.layers * layer


def cached(sizes: Sizes, rows: int, before: int) -> int:
    """Keys and values of `before` tokens that stand before every row, in all layers."""
    return 2 * sizes.layers * rows * before * sizes.kv_heads * sizes.head_dim * sizes.itemsize


def outputs(sizes: Sizes, rows: int, tokens: int) -> int:
    """What every source wrote, float32: the embedding, and in each layer the heads together and the MLP."""
    layer = sizes.heads * sizes.head_dim + sizes.width
    return FLOAT * rows * tokens * (sizes.width + sizes.layers * layer)


def streams(sizes: Sizes, rows: int, tokens: int) -> int:
    """The residual stream that each layer and the final norm read, of one pass."""
    return sizes.itemsize * rows * tokens * (sizes.layers + 1) * sizes.width


def gradients(sizes: Sizes, rows: int, tokens: int, steps: int, back: int) -> int:
    """What the gradient hooks hold of `steps` steps, of which `back` have gone back, float32.

    At the norm before each attention room for the normalised input of every step, and for one number per head
    and map. From the first way back on, summed over the steps, the scaled gradient at each map's output, and
    the gradient at the other norms.
    """
    directions = steps * sizes.layers * sizes.width
    radial = steps * sizes.layers * sizes.graph.sites[0].readers
    summed = _summed(sizes, rows, tokens, sizes.layers) if back else 0
    return FLOAT * rows * tokens * (directions + radial) + summed


def begun(sizes: Sizes, rows: int, tokens: int) -> int:
    """What the gradient hooks have summed up when the first way back has come through the last layer."""
    return _summed(sizes, rows, tokens, 1)


def _summed(sizes: Sizes, rows: int, tokens: int, layers: int) -> int:
    """What is summed over steps, float32, of the last layers and the logits."""
    layer = (sizes.heads + 2 * sizes.kv_heads) * sizes.head_dim + sizes.width
    return FLOAT * rows * tokens * (layers * layer + sizes.width)


def head_weights(sizes: Sizes) -> int:
    """The maps of all heads: query, key, value and output."""
    columns = 2 * (sizes.heads + sizes.kv_heads) * sizes.head_dim
    return sizes.layers * sizes.width * columns * sizes.itemsize


def passing(sizes: Sizes, rows: int, tokens: int) -> int:
    """What a pass that keeps nothing holds at once: the stream, a norm in float32, one MLP's insides."""
    s, inner = sizes.itemsize, max(sizes.inner, sizes.chosen * sizes.expert_inner)
    return rows * tokens * (sizes.width * (3 * s + 2 * FLOAT) + 3 * s * inner)


def going_back(sizes: Sizes, rows: int, tokens: int, read: int) -> int:
    """Gradients that are held at once on the way back, where at most so many positions of a row are read.

    Inside an MLP two of its inner width and two of the stream's: in the last one of what is read, in the one
    before of all positions, less what the last layer kept and is free by then. At a norm of the last layer,
    three of the stream's through a LayerNorm, six in float32 through an RMSNorm.
    """
    s, attended = sizes.itemsize, sizes.heads * sizes.head_dim
    inner = max(sizes.inner, sizes.chosen * sizes.expert_inner)
    mlp = s * (2 * inner + 2 * sizes.width)
    norm = sizes.width * (3 * s if sizes.fused else 6 * FLOAT)
    # The outputs of its query, key and value maps are held by the hooks.
    free = 2 * _norm(sizes) + s * attended + FLOAT * sizes.heads
    return rows * max(read * mlp, tokens * norm, tokens * (mlp - free) if sizes.layers > 1 else 0)


def logits(sizes: Sizes, reads: int) -> int:
    """Logits without a gradient: in float32, which are excluded, and without those."""
    return max(reads * sizes.vocabulary * (2 * FLOAT + 1), unembedding(sizes, reads))


def unembedding(sizes: Sizes, reads: int) -> int:
    """Logits of weights in half precision, before and after pieces are joined, with a piece in float32."""
    if sizes.itemsize >= FLOAT:
        return 0
    piece = max(sizes.width, min(UNEMBEDDED, sizes.vocabulary * sizes.width))
    return FLOAT * (2 * reads * sizes.vocabulary + piece)


def differentiated_logits(sizes: Sizes, reads: int, sets: bool) -> int:
    """Logits on the way back, per read and token of the vocabulary.

    Which are excluded, and three gradients in float32: of the answers, of the foils, and their sum. A metric
    over sets keeps the probabilities besides.
    """
    taken = reads * sizes.vocabulary * (1 + (4 if sets else 3) * FLOAT)
    return max(taken, unembedding(sizes, reads))


def confidence(sizes: Sizes, reads: int) -> int:
    """Logits of an MDM's decoding, a few reads at a time: float32 twice, and float64 three times."""
    at_once = min(reads, max(1, sizes.part_of(LOGITS) // (DOUBLE * sizes.vocabulary)))
    return at_once * sizes.vocabulary * (2 * FLOAT + 1 + 3 * DOUBLE)


def written_by_neurons(sizes: Sizes, rows: int, tokens: int) -> int:
    """What the MLP neurons of a layer put out, float32 [rows, tokens, neurons]."""
    return FLOAT * rows * tokens * sizes.neurons


def site(sizes: Sizes, rows: int, tokens: int, places: bool) -> int:
    """Sources and destinations of the largest site while its scores are taken, for a few rows at a time.

    What all sources wrote, [sources, rows, tokens, width], twice where `places` are told apart; the gradient
    at every destination of as many norms as are read together, and a few positions of it once more; and maps
    as float32 and as they are.
    """
    held = sizes.graph.sources * (2 if places else 1)
    at_once = min(rows, rows_at_once(held, sizes.width, tokens, sizes.share))
    readers = max(map(readers_of, read_together(sizes.graph)))
    row = FLOAT * (held + readers) * tokens * sizes.width
    few = FLOAT * min(POSITIONS_AT_ONCE, rows * tokens) * readers * sizes.width
    # Query, key and value stand side by side where one module has all of them.
    maps = (3 if sizes.fused else 2) * FLOAT * sizes.heads * sizes.head_dim * sizes.width
    return at_once * row + few + maps


def stack(sizes: Sizes, load: Load, circuits: int) -> int:
    """A stack of circuits that run as one batch, float32.

    What its sources write in excess of the reference, and two residual streams, [parts, items, tokens,
    width]; of its rows the reference, and the residual stream of it at each site. On top what all readers of
    an attention read in one circuit, and the larger of two: a copy of a fourth of the parts, or the streams
    of one map on their way through the norm.
    """
    _, rows, at_once = parts_of_rows(load, sizes)
    one = FLOAT * load.tokens * sizes.width
    parts = (STREAMS + sizes.graph.sources) * one
    reading = max(parts // 4, sizes.heads * (3 * one + one * sizes.itemsize // FLOAT))
    of_rows = (2 * sizes.layers + 1 + sizes.graph.sites[0].readers) * one + reading
    items = min(circuits * load.rows, at_once)
    behind = cached(sizes, items, load.prefix + load.tokens if load.prefix else 0)
    # Of a layer's output map a copy, where its numbers are not float32.
    copied = FLOAT * sizes.heads * sizes.head_dim * sizes.width * (sizes.itemsize != FLOAT)
    return items * parts + outputs(sizes, rows, load.tokens) + rows * of_rows + behind + copied


def unembedded(sizes: Sizes, load: Load, variants: int) -> int:
    """Logits of variants of a batch: of one of them, or of several that together have few reads."""
    return logits(sizes, max(load.reads, min(LEAST_READS, variants * load.reads)))


def lens(sizes: Sizes, components: int) -> tuple[int, int]:
    """Logits of what components write: on the device, and in the host's memory float64 four times over."""
    written = sizes.graph.sources * sizes.width
    at_once = max(1, sizes.part_of(LENS_BYTES) // (FLOAT * (written + 4 * components * sizes.vocabulary)))
    numbers = at_once * components * sizes.vocabulary
    return numbers * (2 * FLOAT + 1) + FLOAT * at_once * written, 4 * DOUBLE * numbers
