"""Nets for images of five more families, by somebody who did not know how the comparison works."""

from .entries import Mistake, pair, planted

SWIN = pair("swin_torch:build", "swin_keras:functional", "2x3x16x24")
MOBILENETV3 = pair("mobilenetv3_torch:build", "mobilenetv3_keras:functional", "3x3x20x30")
DEEPLAB = pair("deeplab_torch:build", "deeplab_keras:functional", "3x3x24x36")
CONGAN = pair("congan_torch:build", "congan_keras:functional", "3x9", "3:int64:0..6")
CODEBOOK = pair("codebook_torch:build", "codebook_keras:functional", "2x3x12x20")

CORRECT = (
    SWIN,
    pair("swin_torch:build", "swin_keras:subclassed", *SWIN.inputs),
    MOBILENETV3,
    pair("mobilenetv3_torch:build", "mobilenetv3_keras:subclassed", *MOBILENETV3.inputs),
    DEEPLAB,
    pair("deeplab_torch:build", "deeplab_keras:subclassed", *DEEPLAB.inputs),
    CONGAN,
    pair("congan_torch:build", "congan_keras:subclassed", *CONGAN.inputs),
    CODEBOOK,
    pair("codebook_torch:build", "codebook_keras:subclassed", *CODEBOOK.inputs),
)

OF_SWIN = (
    planted(
        SWIN,
        "functional__index_turned",
        "blocks.0.attn",
        "axes.swapped, glue.order, glue.constant",
        "positions of keys less those of queries",
    ),
    planted(SWIN, "functional__no_mask", "blocks.1.attn", "attention.mask, glue.missing"),
    planted(
        SWIN,
        "functional__not_rolled_back",
        "blocks.1.attn, blocks.1.norm2, blocks.1.mlp, downsample",
        "glue.missing",
    ),
    planted(SWIN, "functional__epsilon", "downsample.norm", "norm.epsilon"),
    planted(SWIN, "functional__merge_bias", "downsample.reduction", "layer.bias_extra"),
    planted(SWIN, "subclassed__no_scale", "blocks.0.attn", "attention.scale"),
    planted(SWIN, "subclassed__gelu_tanh", "blocks.0.mlp", "activation.gelu_approximation", "ops.gelu"),
    planted(
        SWIN,
        "subclassed__windows_in_rows",
        "blocks.0.attn, blocks.0.norm2",
        "axes.swapped, glue.missing, glue.order",
        "reshaped without the transposition",
    ),
    planted(
        SWIN,
        "subclassed__merged_by_rows",
        "downsample, blocks.1.mlp",
        "glue.order, channels.order, axes.swapped",
        "(0, 0), (0, 1), ... for (0, 0), (1, 0), ...",
    ),
)

OF_MOBILENETV3 = (
    planted(MOBILENETV3, "functional__same", "features.0.0", "conv.padding"),
    planted(
        MOBILENETV3,
        "functional__sigmoid_gate",
        "features.1.block.2, features.1.block.3",
        "activation.kind",
        "the plain sigmoid",
    ),
    planted(
        MOBILENETV3,
        "functional__squeeze_first",
        "features.2.block.1, features.2.block.2, features.2.block.3",
        "activation.order, glue.order",
        "squeeze and excitation before the activation",
    ),
    planted(MOBILENETV3, "functional__no_skip", "features.3.block.2, features.4.0", "residual.missing"),
    planted(
        MOBILENETV3,
        "functional__silu",
        "classifier.0, classifier.1, classifier.2, classifier.3",
        "activation.kind",
    ),
    planted(
        MOBILENETV3,
        "subclassed__max",
        "features.1.block.1, features.1.block.2",
        "pooling.kind, glue.operation",
    ),
    planted(
        MOBILENETV3,
        "subclassed__momentum",
        "features.1.block.0.1",
        "norm.momentum",
        "PyTorch's 0.01 as it is",
        "training",
    ),
    planted(
        MOBILENETV3,
        "subclassed__project_activated",
        "features.2.block.3, features.3.block.0",
        "activation.extra",
    ),
    planted(MOBILENETV3, "subclassed__epsilon", "features.0.1", "norm.epsilon", "1e-5 for 1e-3"),
    planted(
        MOBILENETV3,
        "subclassed__kept",
        "classifier.2, classifier.3",
        "dropout.rate",
        "the share that is kept",
        "settings",
    ),
)

OF_DEEPLAB = (
    planted(DEEPLAB, "functional__centres", "decoder.3, the output", "resize.alignment"),
    planted(DEEPLAB, "functional__nearest", "aspp.project, decoder.0", "resize.mode"),
    planted(DEEPLAB, "functional__rates", "aspp.convs.2.0", "conv.dilation", "3 for 4"),
    planted(DEEPLAB, "functional__pooled_first", "aspp.convs, aspp.project.0", "glue.order, channels.order"),
    planted(DEEPLAB, "functional__linear_pooling", "aspp.convs.3, aspp.project.0", "activation.missing"),
    planted(
        DEEPLAB, "subclassed__low_first", "aspp.project, low_level, decoder.0", "glue.order, channels.order"
    ),
    planted(DEEPLAB, "subclassed__padded_end", "stem.0", "conv.padding"),
    planted(
        DEEPLAB, "subclassed__dropout", "aspp.project.3, decoder.0", "dropout.rate", "0.1 for 0.5", "settings"
    ),
    planted(DEEPLAB, "subclassed__max", "layer1, aspp.convs.3", "pooling.kind, glue.operation"),
    planted(DEEPLAB, "subclassed__linear_low", "low_level, decoder.0", "activation.missing"),
)

SHUFFLED = "up1.conv, up1.shuffle, up2.cbn"
OF_CONGAN = (
    planted(CONGAN, "functional__labels_first", "label_emb, fc", "glue.order, channels.order"),
    planted(
        CONGAN,
        "functional__width_first",
        "fc, up1.cbn",
        "axes.swapped, flatten.order",
        "(12, 4, 3) for (12, 3, 4)",
    ),
    planted(CONGAN, "functional__beta_first", "up1.cbn, up1.conv", "glue.order, channels.order"),
    planted(CONGAN, "functional__depth_to_space", SHUFFLED, "channels.order", "the colour is innermost"),
    planted(CONGAN, "functional__one_plus", "up2.cbn, up2.conv", "glue.extra, glue.constant", "(1 + gamma)"),
    planted(CONGAN, "subclassed__momentum", "bn", "norm.momentum", "Keras' 0.99", "training"),
    planted(CONGAN, "subclassed__slope", "up2.cbn, up2.conv", "activation.slope", "0.01 for 0.2"),
    planted(
        CONGAN,
        "subclassed__columns_first",
        SHUFFLED,
        "axes.swapped, channels.order, glue.order",
        "in both shuffles",
    ),
    planted(CONGAN, "subclassed__linear", "bn, out", "activation.missing"),
    planted(CONGAN, "subclassed__sigmoid", "out, the output", "activation.kind"),
)

NEAREST = "pre_vq_conv, vq, decoder.0"
OF_CODEBOOK = (
    planted(
        CODEBOOK,
        "functional__nothing_stopped",
        "vq, pre_vq_conv",
        "gradient.stopped",
        "neither loss stops the gradient",
        "gradients",
    ),
    planted(
        CODEBOOK,
        "functional__beta_on_codes",
        "vq, pre_vq_conv",
        "gradient.stopped, glue.constant, glue.order",
        "a quarter of the other loss, whose value is the same",
        "gradients",
    ),
    planted(
        CODEBOOK,
        "functional__not_straight",
        "vq, pre_vq_conv",
        "gradient.stopped, glue.missing, glue.operation",
        "the codes themselves go on",
        "gradients",
    ),
    planted(CODEBOOK, "functional__no_code_norm", NEAREST, "glue.missing", "in the distances"),
    planted(CODEBOOK, "functional__tanh", "decoder.5, the output", "activation.extra"),
    planted(
        CODEBOOK,
        "subclassed__changed_in_place",
        "decoder.0, decoder.1, decoder.3",
        "glue.order, residual.missing, activation.extra, glue.extra",
        "the shortcut begins behind the ReLU",
    ),
    planted(CODEBOOK, "subclassed__linear", "decoder.3, decoder.5", "activation.missing"),
    planted(CODEBOOK, "subclassed__farthest", NEAREST, "glue.operation", "argmax"),
    planted(
        CODEBOOK,
        "subclassed__summed",
        "pre_vq_conv, vq, the output",
        "loss.reduction, glue.operation, glue.missing",
        "a sum for the mean",
    ),
    planted(
        CODEBOOK,
        "subclassed__rows_first",
        NEAREST,
        "axes.swapped, flatten.order, glue.order, glue.extra",
        "channels first when it is cut into codes",
    ),
)

MISTAKES: tuple[Mistake, ...] = OF_SWIN + OF_MOBILENETV3 + OF_DEEPLAB + OF_CONGAN + OF_CODEBOOK
DOUBLES: tuple[tuple[Mistake, ...], ...] = ()
