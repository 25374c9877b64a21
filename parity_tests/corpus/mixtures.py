"""Mixers, nets of signals, nets with two inputs."""

from .entries import Mistake, pair, planted

MIXER = pair("mixer_torch:build", "mixer_keras:functional", "2x3x12x20")
SQUARE = pair("mixer_torch:square", "mixer_keras:square", "2x3x12x16")
WAVENET = pair("wavenet_torch:build", "wavenet_keras:functional", "3x2x26")
SIAMESE = pair("siamese_torch:build", "siamese_keras:functional", "2x3x14x18", "2x3x14x18")
RETRIEVAL = pair("siamese_torch:retrieval", "siamese_keras:retrieval", "4x9:int64:0..19", "4x13:int64:0..19")

CORRECT = (
    MIXER,
    pair("mixer_torch:build", "mixer_keras:distributed", *MIXER.inputs),
    pair("mixer_torch:build", "mixer_keras:subclassed", *MIXER.inputs),
    SQUARE,
    WAVENET,
    pair("wavenet_torch:build", "wavenet_keras:subclassed", *WAVENET.inputs),
    SIAMESE,
    pair("siamese_torch:build", "siamese_keras:subclassed", *SIAMESE.inputs),
    pair("siamese_torch:build", "siamese_keras:joined", *SIAMESE.inputs),
    RETRIEVAL,
)

FIRST = "blocks.0"
OF_MIXER = (
    planted(
        MIXER, "functional__no_gelu", f"{FIRST}.mlp_tokens.fc1, {FIRST}.mlp_tokens.fc2", "activation.missing"
    ),
    planted(
        MIXER,
        "functional__reshaped_back",
        f"{FIRST}.mlp_tokens.fc2, {FIRST}.norm2",
        "axes.swapped",
        "Reshape where Permute is needed",
    ),
    planted(
        MIXER,
        "functional__no_skip",
        f"{FIRST}.mlp_tokens.fc2, {FIRST}.norm2, patch",
        "residual.missing",
    ),
    planted(MIXER, "functional__epsilon", f"{FIRST}.norm2", "norm.epsilon"),
    planted(
        MIXER,
        "functional__rate",
        f"{FIRST}.mlp_channels.fc2, blocks.1.norm1",
        "dropout.rate",
        seen="settings",
    ),
    planted(
        MIXER,
        "functional__subtracted",
        f"{FIRST}.mlp_channels.fc2, {FIRST}.mlp_tokens.fc2, blocks.1.norm1",
        "glue.operation",
        "difference for sum",
    ),
    planted(
        MIXER,
        "distributed__by_columns",
        f"patch, {FIRST}.norm1, {FIRST}.mlp_tokens.fc1",
        "axes.swapped, flatten.order",
        "patches column by column",
    ),
    planted(MIXER, "distributed__norm_of_tokens", f"{FIRST}.norm1", "norm.axis", "the shape is another one"),
    planted(
        MIXER,
        "subclassed__gelu_tanh",
        f"{FIRST}.mlp_tokens.fc1, {FIRST}.mlp_tokens.fc2",
        "activation.gelu_approximation",
    ),
    planted(MIXER, "subclassed__no_bias", f"{FIRST}.mlp_tokens.fc2", "layer.bias_missing"),
    planted(
        SQUARE,
        "square__not_transposed",
        f"{FIRST}.norm1, {FIRST}.mlp_tokens.fc1",
        "axes.swapped",
        "two equal dimensions",
    ),
    planted(SQUARE, "square__by_columns", f"patch, {FIRST}.norm1, {FIRST}.mlp_tokens.fc1", "axes.swapped"),
    planted(SQUARE, "square__norm_of_tokens", f"{FIRST}.norm1", "norm.axis", "two equal dimensions"),
    planted(SQUARE, "square__mean_of_channels", "norm, head", "glue.axis", "two equal dimensions"),
)

SECOND = "blocks.1"
OF_WAVENET = (
    planted(WAVENET, "functional__same", f"{SECOND}.filter, {SECOND}.gate", "conv.padding", "for causal"),
    planted(WAVENET, "functional__no_dilation", f"{SECOND}.filter, {SECOND}.gate", "conv.dilation"),
    planted(WAVENET, "functional__flipped", f"{SECOND}.filter", "conv.kernel_flipped"),
    planted(WAVENET, "functional__two_tanh", f"{SECOND}.gate", "activation.kind", "tanh for sigmoid"),
    planted(
        WAVENET,
        "functional__added",
        f"{SECOND}.filter, {SECOND}.gate, {SECOND}.residual, {SECOND}.skip",
        "glue.operation",
        "sum for product",
    ),
    planted(
        WAVENET,
        "functional__no_residual",
        f"{SECOND}.residual, blocks.0.residual, blocks.2.filter, blocks.2.gate",
        "residual.missing",
    ),
    planted(
        WAVENET,
        "functional__half",
        f"{SECOND}.residual, blocks.2.filter, blocks.2.gate",
        "glue.constant",
        "0.5 for its root",
    ),
    planted(
        WAVENET, "functional__two_skips", "blocks.0.skip, blocks.2.skip, last, post1", "residual.missing"
    ),
    planted(WAVENET, "functional__stride_of_size", "norm, post2", "pooling.strides", "Keras' default"),
    planted(WAVENET, "functional__slope", "norm, post2", "activation.slope", "0.3 for 0.01"),
    planted(WAVENET, "functional__max", "post2, the output", "pooling.kind, glue.operation"),
    planted(WAVENET, "subclassed__looks_ahead", f"{SECOND}.filter, {SECOND}.gate", "conv.padding"),
    planted(WAVENET, "subclassed__mirrored", f"{SECOND}.filter, {SECOND}.gate", "conv.padding_mode"),
    planted(WAVENET, "subclassed__no_relu", "last, blocks.2.skip, post1", "activation.missing"),
    planted(WAVENET, "subclassed__stride", "post2", "conv.strides"),
)

OF_PAIRS = (
    planted(SIAMESE, "functional__avg_pool", "encoder.conv1, encoder.conv2", "pooling.kind"),
    planted(SIAMESE, "functional__two_encoders", "encoder.conv1", "sharing.parameters"),
    planted(
        SIAMESE, "functional__b_minus_a", "encoder.fc, relation.0", "glue.order", "abs hides it for the score"
    ),
    planted(SIAMESE, "functional__squared", "encoder.fc, score", "glue.operation, activation.kind"),
    planted(SIAMESE, "functional__product", "encoder.fc, relation.0", "glue.operation"),
    planted(SIAMESE, "functional__right_first", "encoder.fc, relation.0", "glue.order"),
    planted(SIAMESE, "subclassed__no_abs", "encoder.fc, score", "glue.operation, activation.missing"),
    planted(SIAMESE, "subclassed__stop", "encoder.fc", "gradient.stopped", "of the right image", "gradients"),
    planted(RETRIEVAL, "retrieval__two_embeddings", "embedding", "sharing.parameters"),
    planted(RETRIEVAL, "retrieval__max", "embedding, query_proj", "pooling.kind, glue.operation"),
    planted(RETRIEVAL, "retrieval__over_batch", "query_proj, predictor", "glue.axis"),
    planted(
        RETRIEVAL,
        "retrieval__not_stopped",
        "document_proj",
        "gradient.stopped",
        "PyTorch's is detached",
        "gradients",
    ),
    planted(RETRIEVAL, "retrieval__relu", "predictor, the output", "activation.extra"),
    planted(RETRIEVAL, "retrieval__temperature", "predictor, the output", "glue.constant"),
    planted(
        RETRIEVAL,
        "retrieval__document_by_query",
        "predictor, the output",
        "axes.swapped, glue.order",
        "batch x batch, transposed",
    ),
)

MISTAKES: tuple[Mistake, ...] = OF_MIXER + OF_WAVENET + OF_PAIRS

DOUBLES = (
    (
        planted(SIAMESE, "functional__avg_pool__right_first", "encoder.conv1, encoder.conv2", "pooling.kind"),
        planted(SIAMESE, "functional__avg_pool__right_first", "encoder.fc, relation.0", "glue.order"),
    ),
)
