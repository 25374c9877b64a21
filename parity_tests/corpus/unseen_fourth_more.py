"""Nets for graphs, sound and words, by the author of `unseen_fourth`."""

from .entries import Mistake, pair, planted

GRAPHNET = pair("graphnet_torch:build", "graphnet_keras:functional", "3x7x5", "3x7x7:int64:0..1")
TASNET = pair("tasnet_torch:build", "tasnet_keras:functional", "3x80")
CAPTIONER = pair(
    "captioner_torch:build", "captioner_keras:functional", "3x7x9", "3x6:int64:0..16", "3:int64:3..7"
)

CORRECT = (
    GRAPHNET,
    pair("graphnet_torch:build", "graphnet_keras:subclassed", *GRAPHNET.inputs),
    TASNET,
    pair("tasnet_torch:build", "tasnet_keras:subclassed", *TASNET.inputs),
    CAPTIONER,
    pair("captioner_torch:build", "captioner_keras:subclassed", *CAPTIONER.inputs),
)

OF_GRAPHNET = (
    planted(
        GRAPHNET,
        "functional__along_edges",
        "gcn",
        "axes.swapped, glue.order, glue.axis",
        "by the transposed matrix",
    ),
    planted(GRAPHNET, "functional__no_loops", "gcn", "glue.missing", "degrees are right"),
    planted(
        GRAPHNET,
        "functional__rows_only",
        "gcn",
        "glue.operation, glue.missing, glue.constant",
        "by the degrees of the rows",
    ),
    planted(
        GRAPHNET,
        "functional__bias_first",
        "gcn",
        "glue.order, layer.bias_extra",
        "added before the neighbours are",
    ),
    planted(
        GRAPHNET,
        "functional__kept",
        "gcn, gat, the output",
        "dropout.rate",
        "0.6 for F.dropout(0.4)",
        "settings",
    ),
    planted(GRAPHNET, "functional__over_targets", "gat", "activation.softmax_axis"),
    planted(GRAPHNET, "subclassed__slope", "gat", "activation.slope", "Keras' 0.3 for 0.2"),
    planted(
        GRAPHNET,
        "subclassed__masked_by_product",
        "gat",
        "attention.mask, glue.operation, glue.missing",
        "scores times 0 instead of minus infinity",
    ),
    planted(
        GRAPHNET,
        "subclassed__heads_inside",
        "gat",
        "attention.heads, axes.swapped, channels.order, glue.order",
        "(units, heads) for (heads, units)",
    ),
    planted(GRAPHNET, "subclassed__no_elu", "gat, fc1", "activation.missing"),
    planted(
        GRAPHNET,
        "subclassed__summed",
        "gat, fc1",
        "pooling.kind, glue.operation, glue.missing, glue.constant",
        "a sum over nodes for the mean",
    ),
)

OF_TASNET = (
    planted(TASNET, "functional__slopes", "blocks.0.net.1", "prelu.sharing"),
    planted(TASNET, "functional__epsilon", "blocks.0.net.2", "norm.epsilon, glue.constant", "Keras' 1e-3"),
    planted(
        TASNET,
        "functional__frame_norm",
        "blocks.1.net.5",
        "norm.axis, norm.kind, glue.axis",
        "layer norm for the norm over time, too",
    ),
    planted(
        TASNET,
        "functional__speakers_inside",
        "mask_conv, decoder",
        "axes.swapped, channels.order, glue.order",
        "(channels, speakers) for (speakers, channels)",
    ),
    planted(TASNET, "functional__softmax", "mask_conv, decoder", "activation.kind", "over the speakers"),
    planted(
        TASNET,
        "functional__mask_only",
        "encoder, mask_conv, decoder",
        "glue.missing, glue.operation",
        "the masks are not multiplied by the signal",
    ),
    planted(TASNET, "subclassed__causal", "blocks.0.net.3", "conv.padding"),
    planted(TASNET, "subclassed__third", "blocks.1.net.3", "conv.dilation", "3 for 2"),
    planted(
        TASNET,
        "subclassed__no_prelu",
        "blocks.1.net.3, blocks.1.net.4, blocks.1.net.5",
        "activation.missing, layer.missing",
    ),
    planted(TASNET, "subclassed__no_skip", "blocks.2, mask_conv", "residual.missing"),
    planted(TASNET, "subclassed__linear_encoder", "encoder, layer_norm", "activation.missing"),
)

FIRST, SECOND = "decoder.layers.0", "decoder.layers.1"
EMBEDDED = f"embed, pos_embed, {FIRST}.self_attn"
OF_CAPTIONER = (
    planted(CAPTIONER, "functional__no_scale", EMBEDDED, "glue.missing, glue.constant", "root of the width"),
    planted(CAPTIONER, "functional__not_causal", f"{FIRST}.self_attn", "attention.causal, attention.mask"),
    planted(CAPTIONER, "functional__key_dim", f"{FIRST}.self_attn", "attention.heads", "10 for 5"),
    planted(CAPTIONER, "functional__mask_inverted", f"{FIRST}.multihead_attn", "attention.mask"),
    planted(CAPTIONER, "functional__gelu", f"{SECOND}.linear1, {SECOND}.linear2", "activation.kind"),
    planted(CAPTIONER, "functional__epsilon", f"{SECOND}.norm3", "norm.epsilon", "1e-6 for 1e-5"),
    planted(
        CAPTIONER,
        "subclassed__heads_inside",
        f"{FIRST}.self_attn",
        "attention.heads, axes.swapped, channels.order, glue.order",
        "(width, heads) for (heads, width)",
    ),
    planted(
        CAPTIONER, "subclassed__whole_width", f"{FIRST}.multihead_attn", "attention.scale", "root of 10 for 5"
    ),
    planted(
        CAPTIONER,
        "subclassed__no_cross_skip",
        ", ".join(f"{FIRST}.{name}" for name in ("norm1", "multihead_attn", "dropout2", "norm2")),
        "residual.missing",
    ),
    planted(
        CAPTIONER,
        "subclassed__pre_norm",
        f"{FIRST}.norm3, {SECOND}.norm1, {SECOND}.self_attn",
        "glue.order",
        "the second layer",
    ),
    planted(
        CAPTIONER,
        "subclassed__positions_from_one",
        EMBEDDED,
        "glue.constant, glue.extra",
        "1, 2, ... for 0, 1, ...",
    ),
    planted(CAPTIONER, "subclassed__linear_memory", f"project, {FIRST}.multihead_attn", "activation.missing"),
)

MISTAKES: tuple[Mistake, ...] = OF_GRAPHNET + OF_TASNET + OF_CAPTIONER
DOUBLES: tuple[tuple[Mistake, ...], ...] = ()
