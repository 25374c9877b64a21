"""Nets that read tokens or signals."""

from .entries import Mistake, pair, planted

TEXT = pair("textlstm_torch:build", "textlstm_keras:functional", "3x11:int64:0..29")
TAGGER = pair("textlstm_torch:tagger", "textlstm_keras:tagger", "3x10:int64:0..23")
GRU = pair("gru_torch:build", "gru_keras:sequential", "3x10:int64:0..27")
SENSOR = pair("gru_torch:sensor", "gru_keras:sensor", "2x13x5")
ENCODER = pair("encoder_torch:build", "encoder_keras:functional", "4x9:int64:0..29")
MASKED = pair("encoder_torch:masked", "encoder_keras:masked", "3x10:int64:0..25")
GPT = pair("gpt_torch:build", "gpt_keras:subclassed", "2x9:int64:0..30")

CORRECT = (
    TEXT,
    pair("textlstm_torch:build", "textlstm_keras:two_directions", *TEXT.inputs),
    pair("textlstm_torch:build", "textlstm_keras:cells", *TEXT.inputs),
    # Row 0 is not trained in PyTorch: told as a note, since Keras has nothing for it.
    pair("textlstm_torch:padded", "textlstm_keras:functional", *TEXT.inputs),
    TAGGER,
    pair("textlstm_torch:tagger", "textlstm_keras:tagger_distributed", *TAGGER.inputs),
    GRU,
    pair("gru_torch:build", "gru_keras:subclassed", *GRU.inputs),
    pair("gru_torch:build", "gru_keras:written", *GRU.inputs),
    SENSOR,
    pair("gru_torch:sensor", "gru_keras:sensor_cells", *SENSOR.inputs),
    ENCODER,
    pair("encoder_torch:build", "encoder_keras:subclassed", *ENCODER.inputs),
    MASKED,
    pair("encoder_torch:masked", "encoder_keras:masked_heads", *MASKED.inputs),
    GPT,
    pair("gpt_torch:flash", "gpt_keras:subclassed", *GPT.inputs),
    pair("gpt_torch:build", "gpt_keras:with_keras_attention", *GPT.inputs),
)

OF_LSTM = (
    planted(TEXT, "functional__hard_sigmoid", "lstm", "recurrent.activation", "of the gates"),
    planted(TEXT, "functional__relu", "lstm", "recurrent.activation"),
    planted(
        TEXT, "functional__last_output", "lstm, fc", "recurrent.last_step", "[:, -1] for the final states"
    ),
    planted(TEXT, "functional__drops", "lstm, fc", "dropout.active"),
    planted(
        TEXT,
        "functional__training_at_call",
        "lstm, fc",
        "dropout.active",
        "Dropout(0.5)(x, training=True): drops under model(x), not under model(x, training=False)",
        "settings",
    ),
    planted(TEXT, "functional__rate", "lstm", "dropout.rate", "between the layers", "settings"),
    planted(
        TEXT,
        "functional__mask_zero",
        "embedding, lstm",
        "attention.mask, recurrent.mask",
        "mask_zero=True of the embedding, where the original reads the padding",
    ),
    planted(TEXT, "functional__no_bias", "fc", "layer.bias_missing"),
    planted(TEXT, "two_directions__not_flipped", "lstm", "recurrent.direction", "of the backward outputs"),
    planted(TEXT, "two_directions__forward_twice", "lstm", "recurrent.direction"),
    planted(TEXT, "two_directions__backward_first", "lstm, fc", "glue.order"),
    planted(TEXT, "cells__gates_ifog", "lstm", "recurrent.gate_order"),
    planted(TEXT, "cells__gates_figo", "lstm", "recurrent.gate_order"),
    planted(TEXT, "cells__no_tanh", "lstm", "recurrent.activation", "of the output"),
    planted(TAGGER, "tagger__final_states", "rnn, label", "recurrent.last_step", "the reverse"),
    planted(TAGGER, "tagger__first_output", "rnn, label", "recurrent.last_step"),
    planted(TAGGER, "tagger__tanh", "rnn, label", "activation.kind"),
    planted(TAGGER, "tagger_distributed__no_bias", "rnn", "layer.bias_missing"),
)

OF_GRU = (
    planted(GRU, "sequential__reset_before", "gru", "recurrent.reset_after", "the bias has another shape"),
    planted(GRU, "sequential__backwards", "gru", "recurrent.direction", "of the second layer"),
    planted(
        GRU, "sequential__reversed", "embedding, gru", "recurrent.direction", "the steps are reversed before"
    ),
    planted(GRU, "sequential__hard_sigmoid", "gru", "recurrent.activation"),
    planted(GRU, "sequential__relu", "gru", "recurrent.activation"),
    planted(GRU, "subclassed__steps_first", "embedding, gru", "recurrent.time_axis", "runs over the batch"),
    planted(GRU, "subclassed__mean", "gru, fc", "recurrent.last_step, glue.operation, pooling.kind"),
    planted(GRU, "subclassed__first", "gru, fc", "recurrent.last_step"),
    planted(GRU, "written__gates_rzn", "gru", "recurrent.gate_order", "PyTorch's order for Keras'"),
    planted(SENSOR, "sensor__epsilon", "norm", "norm.epsilon"),
    planted(SENSOR, "sensor__first", "gru, head", "recurrent.last_step"),
    planted(
        SENSOR, "sensor__max", "gru, head", "pooling.kind, glue.operation", "maximum for mean over steps"
    ),
    planted(SENSOR, "sensor__mean_first", "gru, head", "glue.order", "unequal only by meaning"),
    planted(SENSOR, "sensor_cells__relu", "gru", "recurrent.activation"),
)

FIRST, SECOND = "encoder.layers.0", "encoder.layers.1"
# A projection's weights are its own or the whole attention's.
ATTENTION = f"{FIRST}.self_attn, {FIRST}.self_attn.out_proj"
MASKED_ATTENTION = "blocks.0.attn, blocks.0.attn.out_proj"
OF_ENCODER = (
    planted(ENCODER, "functional__four_heads", ATTENTION, "attention.heads", "4 of 3 for 3 of 4"),
    planted(ENCODER, "functional__causal", ATTENTION, "attention.causal", "where all may be seen"),
    planted(
        ENCODER,
        "functional__no_skip",
        f"{ATTENTION}, {FIRST}.norm1, embedding",
        "residual.missing",
    ),
    planted(ENCODER, "functional__epsilon", f"{FIRST}.norm1", "norm.epsilon", "Keras' 1e-3"),
    planted(
        ENCODER, "functional__gelu_tanh", f"{FIRST}.linear1, {FIRST}.linear2", "activation.gelu_approximation"
    ),
    planted(ENCODER, "functional__relu", f"{FIRST}.linear1, {FIRST}.linear2", "activation.kind"),
    planted(
        ENCODER,
        "functional__rate",
        f"{FIRST}.linear1, {FIRST}.linear2, {FIRST}.norm2",
        "dropout.rate",
        "behind the second dense layer",
        "settings",
    ),
    planted(
        ENCODER, "functional__no_norm", f"{FIRST}.norm2, {FIRST}.linear2, {SECOND}.self_attn", "norm.missing"
    ),
    planted(ENCODER, "functional__max", f"{SECOND}.norm2, fc", "pooling.kind"),
    planted(ENCODER, "subclassed__unscaled", ATTENTION, "attention.scale"),
    planted(
        ENCODER, "subclassed__by_width", ATTENTION, "attention.scale", "the model's width, not the head's"
    ),
    planted(ENCODER, "subclassed__reshaped", ATTENTION, "axes.swapped, attention.heads", "not transposed"),
    planted(
        ENCODER, "subclassed__over_queries", ATTENTION, "activation.softmax_axis, glue.axis", "steps x steps"
    ),
    planted(ENCODER, "subclassed__one_for_both", f"{FIRST}.linear2, {SECOND}.linear2", "sharing.parameters"),
    planted(MASKED, "masked__no_mask", MASKED_ATTENTION, "attention.mask"),
    planted(MASKED, "masked__mask_inverted", MASKED_ATTENTION, "attention.mask", "PyTorch's True is padding"),
    planted(
        MASKED,
        "masked__unscaled_embedding",
        "embed, pos, blocks.0.norm1",
        "glue.constant",
        "sqrt(8) left out",
    ),
    planted(MASKED, "masked__mean", "blocks.1.fc2, norm", "glue.operation, glue.axis, pooling.kind"),
    planted(MASKED, "masked_heads__unmasked", MASKED_ATTENTION, "attention.mask"),
    planted(MASKED, "masked_heads__inverted", MASKED_ATTENTION, "attention.mask"),
    planted(MASKED, "masked_heads__reshaped", MASKED_ATTENTION, "axes.swapped, attention.heads"),
)

CAUSAL = "h.0.attn.c_attn, h.0.attn.c_proj"
OF_GPT = (
    planted(GPT, "subclassed__interleaved", CAUSAL, "attention.heads", "(heads, 3) for (3, heads)"),
    planted(GPT, "subclassed__four_heads", CAUSAL, "attention.heads", "4 of 3 for 3 of 4"),
    planted(GPT, "subclassed__key_query_value", CAUSAL, "glue.order, attention.heads", "queries for keys"),
    planted(GPT, "subclassed__unscaled", CAUSAL, "attention.scale"),
    planted(GPT, "subclassed__by_width", CAUSAL, "attention.scale"),
    planted(GPT, "subclassed__not_causal", CAUSAL, "attention.causal"),
    planted(GPT, "subclassed__future", CAUSAL, "attention.causal", "the other triangle"),
    planted(GPT, "subclassed__not_itself", CAUSAL, "attention.causal", "a token does not see itself"),
    planted(GPT, "subclassed__over_queries", CAUSAL, "activation.softmax_axis, glue.axis", "steps x steps"),
    planted(GPT, "subclassed__not_transposed", CAUSAL, "axes.swapped", "heads and steps mixed up"),
    planted(GPT, "subclassed__float32", CAUSAL, "dtype.float32", "the softmax; 2e-8 at the output"),
    planted(GPT, "subclassed__epsilon", "h.0.ln_2", "norm.epsilon"),
    planted(GPT, "subclassed__relu", "h.0.mlp.c_fc, h.0.mlp.c_proj", "activation.kind"),
    planted(GPT, "subclassed__exact_gelu", "h.0.mlp.c_fc, h.0.mlp.c_proj", "activation.gelu_approximation"),
    planted(
        GPT,
        "subclassed__no_skip",
        "h.0.attn.c_proj, h.0.mlp.c_proj, h.1.ln_1, wte, wpe",
        "residual.missing",
    ),
    planted(GPT, "subclassed__scaled_embedding", "wte, wpe, h.0.ln_1", "glue.constant", "sqrt(12) too much"),
    planted(
        GPT, "subclassed__positions_backwards", "wpe, wte, h.0.ln_1", "glue.order, axes.swapped", "reversed"
    ),
    planted(GPT, "subclassed__untied", "lm_head, wte, ln_f", "sharing.parameters", seen="training"),
    planted(GPT, "subclassed__stop", "wte, wpe", "gradient.stopped", "embeddings get none", "gradients"),
    planted(GPT, "with_keras_attention__not_causal", CAUSAL, "attention.causal"),
    planted(
        GPT,
        "with_keras_attention__exact_gelu",
        "h.0.mlp.c_fc, h.0.mlp.c_proj",
        "activation.gelu_approximation",
    ),
)

MISTAKES: tuple[Mistake, ...] = OF_LSTM + OF_GRU + OF_ENCODER + OF_GPT

DOUBLES = (
    (
        planted(GPT, "subclassed__unscaled__exact_gelu", CAUSAL, "attention.scale"),
        planted(
            GPT,
            "subclassed__unscaled__exact_gelu",
            "h.0.mlp.c_fc, h.0.mlp.c_proj",
            "activation.gelu_approximation",
        ),
    ),
    (
        planted(SENSOR, "sensor__epsilon__first", "norm", "norm.epsilon"),
        planted(SENSOR, "sensor__epsilon__first", "gru, head", "recurrent.last_step"),
    ),
)
