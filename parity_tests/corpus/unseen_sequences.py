"""Nets for tokens, written by somebody who did not know how the comparison works."""

from .entries import Mistake, pair, planted

VIT = pair("vit_torch:build", "vit_keras:functional", "2x3x12x20")
TIMM = pair("vit_torch:timm", "vit_keras:subclassed", *VIT.inputs)
TEXT = pair("textenc_torch:build", "textenc_keras:functional", "4x11:int64:0..18")
LUONG = pair("seq2seq_torch:luong", "seq2seq_keras:luong", "3x9:int64:0..16", "3x6:int64:0..13")
BAHDANAU = pair(
    "seq2seq_torch:bahdanau", "seq2seq_keras:bahdanau_steps", "3x8:int64:0..15", "3x5:int64:0..12"
)
BILSTM = pair("textnets_torch:bilstm", "textnets_keras:bilstm", "5x12:int64:0..22")
CHARS = pair("textnets_torch:charcnn", "textnets_keras:charcnn", "4x15:int64:0..28")
LLAMA = pair("llama_torch:build", "llama_keras:functional", "2x9:int64:0..30")
NEUMF = pair("recommender_torch:neumf", "recommender_keras:neumf", "9:int64:0..14", "9:int64:0..20")
DEEPFM = pair("recommender_torch:deepfm", "recommender_keras:deepfm", "6x4:int64:0..6")

CORRECT = (
    VIT,
    pair("vit_torch:build", "vit_keras:subclassed", *VIT.inputs),
    TIMM,
    pair("vit_torch:timm", "vit_keras:functional", *VIT.inputs),
    TEXT,
    pair("textenc_torch:build", "textenc_keras:automatic", *TEXT.inputs),
    pair("textenc_torch:build", "textenc_keras:subclassed", *TEXT.inputs),
    LUONG,
    pair("seq2seq_torch:luong", "seq2seq_keras:luong_subclassed", *LUONG.inputs),
    BAHDANAU,
    pair("seq2seq_torch:bahdanau", "seq2seq_keras:bahdanau_cells", *BAHDANAU.inputs),
    BILSTM,
    pair("textnets_torch:bilstm", "textnets_keras:bilstm_functional", *BILSTM.inputs),
    # The maximum over time does not depend on the order of the last layer's backward outputs.
    pair("textnets_torch:bilstm", "textnets_keras:bilstm_functional__not_turned", *BILSTM.inputs),
    CHARS,
    pair("textnets_torch:charcnn", "textnets_keras:charcnn_subclassed", *CHARS.inputs),
    pair("textnets_torch:charcnn", "textnets_keras:charcnn_named", *CHARS.inputs),
    LLAMA,
    pair("llama_torch:build", "llama_keras:builtin", *LLAMA.inputs),
    pair("llama_torch:build", "llama_keras:subclassed", *LLAMA.inputs),
    pair("llama_torch:build", "llama_keras:half_named", *LLAMA.inputs),
    pair("llama_torch:build", "llama_keras:named", *LLAMA.inputs),
    NEUMF,
    pair("recommender_torch:neumf", "recommender_keras:neumf_subclassed", *NEUMF.inputs),
    DEEPFM,
    pair("recommender_torch:deepfm", "recommender_keras:deepfm_subclassed", *DEEPFM.inputs),
)

START = "patch_embed, cls_token, pos_embed, blocks.0.norm1"
OF_VIT = (
    planted(VIT, "functional__epsilon", "blocks.0.norm1", "norm.epsilon", "Keras' 1e-3 for 1e-6"),
    planted(VIT, "functional__columns_first", START, "axes.swapped", "patches column by column"),
    planted(VIT, "functional__class_last", START, "glue.order", "the class token behind the patches"),
    planted(VIT, "functional__key_dim", "blocks.0.attn", "attention.heads", "key_dim is the whole width"),
    planted(VIT, "functional__gelu_tanh", "blocks.0.mlp", "activation.gelu_approximation"),
    planted(VIT, "functional__no_skip", "blocks.1.mlp, blocks.1.attn, norm", "residual.missing", "the last"),
    planted(VIT, "functional__no_final_norm", "blocks.1.mlp, norm, head", "norm.missing"),
    planted(
        VIT, "functional__mean", "norm, head", "pooling.kind, glue.operation", "of all tokens for the first"
    ),
    planted(TIMM, "subclassed__whole_width", "blocks.0.attn", "attention.scale", "root of 20 for that of 5"),
    planted(TIMM, "subclassed__no_bias", "blocks.0.attn.qkv", "layer.bias_missing"),
    planted(
        TIMM,
        "subclassed__heads_outside",
        "blocks.0.attn",
        "attention.heads, glue.order, channels.order, axes.swapped",
        "(heads, 3, width) for (3, heads, width)",
    ),
    planted(TIMM, "subclassed__softmax_axis", "blocks.0.attn", "activation.softmax_axis"),
    planted(TIMM, "subclassed__not_turned_back", "blocks.0.attn", "axes.swapped, glue.missing"),
    planted(
        TIMM, "subclassed__post_norm", f"{START}, blocks.0.attn, blocks.0.norm2", "glue.order", "norm1 only"
    ),
    planted(TIMM, "subclassed__tanh", "head, the output", "activation.extra"),
    planted(TIMM, "subclassed__patches_only", START, "glue.missing, glue.order", "the class has no position"),
)

FIRST, SECOND = "encoder.layers.0", "encoder.layers.1"
EMBEDDED = f"embedding, pos_encoder, {FIRST}.self_attn"
OF_TEXT = (
    planted(TEXT, "functional__no_scale", EMBEDDED, "glue.missing, glue.constant", "root of the width"),
    planted(TEXT, "functional__exponent", EMBEDDED, "glue.constant", "i / width for 2 (i // 2) / width"),
    planted(
        TEXT,
        "functional__halves",
        EMBEDDED,
        "glue.order, channels.order, glue.constant",
        "sines, then cosines",
    ),
    planted(
        TEXT,
        "functional__attention_keeps_all",
        f"{FIRST}.self_attn",
        "dropout.rate",
        "MultiHeadAttention without dropout=",
        "settings",
    ),
    planted(TEXT, "functional__gelu", f"{FIRST}.linear1, {FIRST}.linear2", "activation.kind"),
    planted(TEXT, "functional__epsilon", f"{SECOND}.norm2", "norm.epsilon", "of the last norm"),
    planted(
        TEXT,
        "functional__older_skip",
        f"{FIRST}.linear2, {FIRST}.dropout2, {FIRST}.norm1, {FIRST}.norm2",
        "residual.missing, glue.operation, glue.order",
        "the block's input is added twice, norm1's output never",
    ),
    planted(TEXT, "functional__max", f"{SECOND}.norm2, fc", "pooling.kind, glue.operation", "for the mean"),
    planted(TEXT, "subclassed__mask_inverted", f"{FIRST}.self_attn", "attention.mask"),
    planted(TEXT, "subclassed__no_mask", f"{FIRST}.self_attn", "attention.mask", "padding is attended to"),
    planted(
        TEXT,
        "subclassed__pre_norm",
        ", ".join(f"{SECOND}.{name}" for name in ("norm1", "norm2", "linear1", "linear2", "dropout2")),
        "glue.order",
        "the last norm before the dense layers",
    ),
    planted(
        TEXT,
        "subclassed__plain_mean",
        f"{SECOND}.norm2, fc",
        "glue.missing, glue.operation, attention.mask, pooling.kind",
        "over the padding, too",
    ),
    planted(
        TEXT,
        "subclassed__by_length",
        f"{SECOND}.norm2, fc",
        "glue.constant, glue.operation",
        "divided by all tokens",
    ),
)

STEP = "decoder.embedding, decoder.attention, decoder.gru"
OF_SEQ2SEQ = (
    planted(LUONG, "luong__masked", "src_embed, encoder", "attention.mask, recurrent.mask", "mask_zero=True"),
    planted(LUONG, "luong__first_state", "encoder, decoder", "recurrent.last_step", "of the encoder"),
    planted(LUONG, "luong__no_state", "encoder, decoder", "glue.missing", "the decoder starts at zero"),
    planted(LUONG, "luong__cell_first", "encoder, decoder", "glue.order", "[c, h] for [h, c]"),
    planted(LUONG, "luong__output_first", "encoder, decoder, concat", "glue.order"),
    planted(LUONG, "luong__no_tanh", "concat, out", "activation.missing"),
    planted(LUONG, "luong_subclassed__scaled", "encoder, decoder, concat", "attention.scale"),
    planted(LUONG, "luong_subclassed__softmax_axis", "encoder, decoder, concat", "activation.softmax_axis"),
    planted(BAHDANAU, "bahdanau_steps__context_first", STEP, "glue.order"),
    planted(
        BAHDANAU,
        "bahdanau_steps__first_query",
        STEP,
        "recurrent.last_step, glue.operation, glue.order",
        "attention always asks with the encoder's state",
    ),
    planted(
        BAHDANAU,
        "bahdanau_steps__state_dropped",
        "decoder.gru, decoder.attention, decoder.out",
        "recurrent.last_step, glue.missing, glue.operation",
        "each step begins at the encoder's state",
    ),
    planted(BAHDANAU, "bahdanau_steps__no_tanh", "decoder.attention", "activation.missing"),
    planted(
        BAHDANAU,
        "bahdanau_steps__softmax_axis",
        "decoder.attention, decoder.gru",
        "activation.softmax_axis",
        "over the axis of length 1",
    ),
)

HIGHWAY = "transform, gate, fc"
MAPS = "convs.0, convs.1, convs.2, transform, gate"
OF_TEXTNETS = (
    planted(BILSTM, "bilstm__hard_sigmoid", "lstm", "recurrent.activation", "of the second layer"),
    planted(BILSTM, "bilstm__average", "lstm, fc1", "pooling.kind, glue.operation"),
    planted(BILSTM, "bilstm__final_state", "lstm, fc1", "recurrent.last_step, pooling.kind"),
    planted(BILSTM, "bilstm__no_relu", "fc1, fc2", "activation.missing"),
    planted(BILSTM, "bilstm__softmax", "fc2, the output", "activation.extra"),
    planted(BILSTM, "bilstm_functional__backward_first", "lstm", "glue.order, recurrent.direction", "first"),
    planted(CHARS, "charcnn__same", "convs.2", "conv.padding", "of width 4"),
    planted(CHARS, "charcnn__dilated", "convs.1", "conv.dilation"),
    planted(CHARS, "charcnn__average", "convs.1, transform, gate", "pooling.kind, glue.operation"),
    planted(CHARS, "charcnn__no_relu", "convs.0, transform, gate", "activation.missing", "of width 2"),
    planted(CHARS, "charcnn__reversed", MAPS, "glue.order"),
    planted(CHARS, "charcnn__gate_exchanged", HIGHWAY, "glue.order, glue.operation", "1 - gate for gate"),
    planted(CHARS, "charcnn_named__tanh", MAPS, "activation.kind"),
    planted(CHARS, "charcnn_named__no_bias", "transform", "layer.bias_missing"),
    planted(CHARS, "charcnn_named__no_carry", HIGHWAY, "residual.missing, glue.missing"),
)

HEADS = "layers.0.attention"
OF_LLAMA = (
    planted(LLAMA, "functional__theta", HEADS, "glue.constant", "1000 for 10000"),
    planted(LLAMA, "functional__halves", HEADS, "glue.order, channels.order", "Hugging Face's halves"),
    planted(
        LLAMA, "functional__biases", f"{HEADS}.wq, {HEADS}.wk, {HEADS}.wv", "layer.bias_extra", "as in Qwen"
    ),
    planted(LLAMA, "functional__keys_not_turned", HEADS, "glue.missing"),
    planted(LLAMA, "functional__values_turned", HEADS, "glue.extra"),
    planted(LLAMA, "functional__tiled", HEADS, "attention.heads, glue.order, glue.operation", "by tile"),
    planted(LLAMA, "functional__epsilon", "layers.0.attention_norm", "norm.epsilon", "Keras' 1e-6 for 1e-5"),
    planted(LLAMA, "functional__layer_norm", "norm", "norm.kind", "without beta"),
    planted(LLAMA, "functional__untied", "tok_embeddings, output", "sharing.parameters", seen="gradients"),
    planted(
        LLAMA,
        "functional__gemma_scale",
        "tok_embeddings, layers.0.attention_norm",
        "glue.extra, glue.constant",
        "embeddings times the root of the width",
    ),
    planted(LLAMA, "functional__geglu", "layers.0.feed_forward", "activation.kind"),
    planted(LLAMA, "named__not_causal", HEADS, "attention.causal"),
    planted(
        LLAMA,
        "named__itself_hidden",
        HEADS,
        "attention.causal, attention.mask, glue.constant",
        "a position does not see itself",
    ),
    planted(
        LLAMA,
        "named__parallel",
        f"tok_embeddings, {HEADS}, layers.0.ffn_norm",
        "glue.order, residual.missing, glue.missing",
        "the second branch reads the block's input, as in GPT-J",
    ),
    planted(
        LLAMA,
        "named__no_skip",
        f"{HEADS}, layers.0.feed_forward, layers.1.attention_norm",
        "residual.missing",
        "around the dense layers",
    ),
    planted(LLAMA, "named__no_final_norm", "layers.1.feed_forward, norm, output", "norm.missing"),
)

PRODUCT = "user_mf, item_mf, predict"
LOGIT = "predict, user_bias, item_bias, the output"
SUM = "embedding, linear, bias, mlp.8, the output"
OF_RECOMMENDER = (
    planted(
        NEUMF,
        "neumf__shared",
        "user_mf, item_mf, user_mlp, item_mlp",
        "sharing.parameters, layer.missing",
        "one table for both branches",
    ),
    planted(NEUMF, "neumf__item_first", "user_mlp, item_mlp, mlp.0", "glue.order"),
    planted(NEUMF, "neumf__selu", "mlp.0, mlp.1, mlp.3", "activation.kind"),
    planted(NEUMF, "neumf__added", PRODUCT, "glue.operation", "a sum for the product"),
    planted(NEUMF, "neumf__no_user_bias", "user_bias", "layer.missing"),
    planted(NEUMF, "neumf__biases_behind", LOGIT, "glue.order", "behind the sigmoid"),
    planted(NEUMF, "neumf__five", LOGIT, "glue.constant", "0 to 5 for 0.5 to 5"),
    planted(NEUMF, "neumf_subclassed__normalized", PRODUCT, "glue.extra", "cosines"),
    planted(NEUMF, "neumf_subclassed__deep_first", f"{PRODUCT}, mlp.3, mlp.4, mlp.5", "glue.order"),
    planted(NEUMF, "neumf_subclassed__no_sigmoid", LOGIT, "activation.missing"),
    planted(DEEPFM, "deepfm__other_axis", SUM, "glue.axis", "sums over factors for those over fields"),
    planted(DEEPFM, "deepfm__no_half", SUM, "glue.constant, glue.missing"),
    planted(DEEPFM, "deepfm__no_bias", SUM, "layer.missing, layer.bias_missing"),
    planted(DEEPFM, "deepfm__factors_outside", "embedding, mlp.0", "axes.swapped, flatten.order"),
    planted(DEEPFM, "deepfm__momentum", "mlp.1", "norm.momentum", "Keras' 0.99", "training"),
    planted(DEEPFM, "deepfm__relu_first", "mlp.0, mlp.1, mlp.2, mlp.4", "activation.order"),
    planted(DEEPFM, "deepfm__no_fm", SUM, "glue.missing", "the deep part only"),
    planted(
        DEEPFM, "deepfm_subclassed__not_summed", "embedding, linear", "glue.constant", "sizes for offsets"
    ),
    planted(DEEPFM, "deepfm_subclassed__negative", SUM, "glue.order, glue.operation, glue.constant"),
)

MISTAKES: tuple[Mistake, ...] = OF_VIT + OF_TEXT + OF_SEQ2SEQ + OF_TEXTNETS + OF_LLAMA + OF_RECOMMENDER

DOUBLES = (
    (
        planted(TIMM, "subclassed__whole_width__tanh", "blocks.0.attn", "attention.scale"),
        planted(TIMM, "subclassed__whole_width__tanh", "head, the output", "activation.extra"),
    ),
    (
        planted(TEXT, "subclassed__mask_inverted__by_length", f"{FIRST}.self_attn", "attention.mask"),
        planted(
            TEXT,
            "subclassed__mask_inverted__by_length",
            f"{SECOND}.norm2, fc",
            "glue.constant, glue.operation",
        ),
    ),
    (
        planted(DEEPFM, "deepfm__relu_first__no_half", "mlp.0, mlp.1, mlp.2, mlp.4", "activation.order"),
        planted(DEEPFM, "deepfm__relu_first__no_half", SUM, "glue.constant, glue.missing"),
    ),
)
