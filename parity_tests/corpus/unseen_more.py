"""Nets of other families, written when the comparison had been mended by the first two.

Their authors did not know how it works either.
"""

from .entries import Mistake, pair, planted

DIFFUSION = pair("diffusion_torch:build", "diffusion_keras:functional", "2x3x12x18", "2:int64:0..99")
RESNEXT = pair("resnext_torch:build", "resnext_keras:functional", "2x3x17x26")
VAE = pair("vae_torch:build", "vae_keras:functional", "2x3x11x20")
NAMED = pair("vae_torch:named", "vae_keras:named", *VAE.inputs)
SPEECH = pair("speech_torch:build", "speech_keras:functional", "3x7x26")
POINTNET = pair("pointnet_torch:build", "pointnet_keras:functional", "4x3x13")
DETECTOR = pair("detector_torch:build", "detector_keras:functional", "2x3x28x40")

CORRECT = (
    DIFFUSION,
    pair("diffusion_torch:build", "diffusion_keras:subclassed", *DIFFUSION.inputs),
    pair("diffusion_torch:lucidrains", "diffusion_keras:functional", *DIFFUSION.inputs),
    pair("diffusion_torch:diffusers", "diffusion_keras:functional", *DIFFUSION.inputs),
    RESNEXT,
    pair("resnext_torch:build", "resnext_keras:per_group", *RESNEXT.inputs),
    pair("resnext_torch:build", "resnext_keras:subclassed", *RESNEXT.inputs),
    VAE,
    pair("vae_torch:build", "vae_keras:subclassed", *VAE.inputs),
    NAMED,
    SPEECH,
    pair("speech_torch:build", "speech_keras:subclassed", *SPEECH.inputs),
    POINTNET,
    pair("pointnet_torch:build", "pointnet_keras:subclassed", *POINTNET.inputs),
    DETECTOR,
    pair("detector_torch:build", "detector_keras:subclassed", *DETECTOR.inputs),
)

TIME = "time_mlp.0, time_mlp.1"
MID1 = "mid_block1.mlp.1, mid_block1.norm2, mid_block1.conv2"
OF_DIFFUSION = (
    planted(DIFFUSION, "functional__cosines_first", TIME, "glue.order, channels.order"),
    planted(DIFFUSION, "functional__over_half", TIME, "glue.constant", "i / half for i / (half - 1)"),
    planted(
        DIFFUSION,
        "functional__not_plus_one",
        "down_block.mlp.1, down_block.norm2, down_block.conv2",
        "glue.missing, glue.constant",
        "norm * scale + shift",
    ),
    planted(DIFFUSION, "functional__shift_first", MID1, "glue.order, channels.order", "shift, scale"),
    planted(
        DIFFUSION,
        "functional__time_linear",
        "time_mlp.3, mid_block2.mlp.0, mid_block2.mlp.1",
        "activation.missing",
        "SiLU",
    ),
    planted(DIFFUSION, "functional__two_groups", "mid_block1.norm1, mid_block1.norm2", "norm.groups"),
    planted(
        DIFFUSION,
        "subclassed__time_before_norm",
        "up_block.conv1, up_block.mlp.1, up_block.norm2, up_block.conv2",
        "glue.order",
        "scale and shift before the norm",
    ),
    planted(DIFFUSION, "subclassed__whole_width", "mid_attn", "attention.scale", "root of 10 for that of 5"),
    planted(
        DIFFUSION,
        "subclassed__normed_skip",
        "mid_attn.norm, mid_attn.to_out, mid_block2.norm1",
        "residual.missing, glue.order",
        "adds what the norm returns instead of the input",
    ),
    planted(DIFFUSION, "subclassed__same", "downsample", "conv.padding"),
)

STRIDED = "layer2.0"
OF_RESNEXT = (
    planted(RESNEXT, "functional__two_groups", "layer1.0.conv2", "conv.groups", "the shape is another one"),
    planted(
        RESNEXT,
        "functional__raw_shortcut",
        f"layer1.1.conv3, {STRIDED}.bn1, {STRIDED}.shortcut",
        "glue.order, glue.missing, activation.missing, norm.missing",
        "begins before batch norm and ReLU",
    ),
    planted(
        RESNEXT,
        "functional__stride_first",
        f"{STRIDED}.conv1, {STRIDED}.conv2",
        "conv.strides",
        "in the 1x1 convolution",
    ),
    planted(RESNEXT, "functional__no_relu", "norm, proj2", "activation.missing"),
    planted(RESNEXT, "functional__epsilon", "layer1.1.bn3", "norm.epsilon"),
    planted(
        RESNEXT,
        "subclassed__norm_twice",
        "layer1.0.bn2, layer1.0.bn3",
        "sharing.parameters, layer.missing, norm.missing",
        "one norm in two places",
    ),
    planted(RESNEXT, "subclassed__relu_behind", "layer1.1.conv3, layer2.0.bn1, proj1", "activation.extra"),
    planted(RESNEXT, "subclassed__two_heads", "head.0, head.3", "sharing.parameters"),
    planted(RESNEXT, "subclassed__summed", "head.3, the output", "glue.constant, glue.missing", "not halved"),
)

OF_VAE = (
    planted(VAE, "functional__relu_mean", "fc_mu, decoder_input, the output", "activation.extra"),
    planted(
        VAE,
        "functional__width_first",
        "decoder_input, decoder.0",
        "axes.swapped, flatten.order",
        "(10, 5, 3) for (10, 3, 5)",
    ),
    planted(VAE, "functional__same", "decoder.0", "conv.transposed_crop"),
    planted(
        VAE,
        "functional__default_slope",
        "decoder.3, decoder.4, final_layer.0",
        "activation.slope",
        "0.3 for 0.2",
    ),
    planted(VAE, "functional__tanh", "final_layer.0, final_layer.1, the output", "activation.kind"),
    planted(
        VAE,
        "functional__of_variance",
        "fc_mu, fc_var, decoder_input",
        "glue.order, glue.operation",
        "the decoder sees the other output",
    ),
    planted(VAE, "functional__exchanged", "fc_mu, fc_var, the output", "glue.order"),
    planted(VAE, "subclassed__crops_the_end", "decoder.0", "conv.transposed_crop"),
    planted(VAE, "subclassed__no_norm", "decoder.0, decoder.1, decoder.2, decoder.3", "norm.missing"),
    planted(NAMED, "named__deviation", "fc_var, the output", "glue.extra", "exp(log_var / 2)"),
)

OF_SPEECH = (
    planted(
        SPEECH,
        "functional__gate_first",
        "blocks.0.conv, blocks.0.glu, blocks.0.norm",
        "glue.order, channels.order",
        "GLU",
    ),
    planted(SPEECH, "functional__not_causal", "blocks.1.conv", "conv.padding"),
    planted(SPEECH, "functional__over_time", "blocks.2.norm", "norm.axis", "the shape is another one"),
    planted(SPEECH, "functional__hard_gates", "lstm", "recurrent.activation"),
    planted(SPEECH, "functional__softmax", "fc, the output", "activation.kind, glue.missing", "no logarithm"),
    planted(SPEECH, "subclassed__future", "blocks.0.conv", "conv.padding", "padded at the end"),
    planted(
        SPEECH,
        "subclassed__no_skip",
        "blocks.0.norm, blocks.0.drop, blocks.1.norm, blocks.1.drop, blocks.2.conv",
        "residual.missing",
    ),
    planted(SPEECH, "subclassed__third", "blocks.2.conv", "conv.dilation", "3 for 4"),
    planted(
        SPEECH,
        "subclassed__tanh",
        "blocks.2.conv, blocks.2.glu, blocks.2.norm",
        "activation.extra",
        "as in WaveNet",
    ),
)

TURNED = "stn.fc2, conv1"
OF_POINTNET = (
    planted(POINTNET, "functional__no_identity", TURNED, "glue.missing"),
    planted(POINTNET, "functional__by_transposed", TURNED, "axes.swapped, glue.order", "x T' for x T"),
    planted(POINTNET, "functional__relu_before_max", "bn3, conv4", "activation.extra"),
    planted(POINTNET, "functional__mean", "bn3, conv4", "pooling.kind, glue.operation"),
    planted(POINTNET, "functional__local_first", "bn3, bn1, conv4", "glue.order"),
    planted(POINTNET, "subclassed__not_turned", TURNED, "glue.missing"),
    planted(POINTNET, "subclassed__linear_local", "bn1, bn3, conv4", "activation.missing"),
    planted(POINTNET, "subclassed__epsilon", "bn4", "norm.epsilon"),
    planted(POINTNET, "subclassed__over_points", "conv5, the output", "activation.softmax_axis, glue.axis"),
)

LATERAL, SMOOTH = "fpn.lateral_convs", "fpn.fpn_convs"
DOWN = f"{LATERAL}.2, {LATERAL}.1, {SMOOTH}.1"
TO_P3 = f"{LATERAL}.1, {LATERAL}.0, {SMOOTH}.0"
OF_DETECTOR = (
    planted(DETECTOR, "functional__bilinear", DOWN, "resize.mode"),
    planted(DETECTOR, "functional__resized", DOWN, "resize.alignment", "4 rows to 7, to the nearest"),
    planted(
        DETECTOR,
        "functional__relu_lateral",
        f"{LATERAL}.1, {SMOOTH}.1, {SMOOTH}.0",
        "activation.extra",
        "of the middle map",
    ),
    planted(
        DETECTOR,
        "functional__of_smoothed",
        f"{TO_P3}, {SMOOTH}.1",
        "glue.order, layer.extra, sharing.parameters, glue.extra",
        "the smoothed map goes down",
    ),
    planted(
        DETECTOR,
        "functional__anchors_inside",
        "regression.output, the output",
        "channels.order, axes.swapped, glue.order",
        "(numbers, anchors) for (anchors, numbers)",
    ),
    planted(
        DETECTOR,
        "subclassed__columns_first",
        "regression.output, the output",
        "axes.swapped, glue.order",
        "width before height",
    ),
    planted(
        DETECTOR,
        "subclassed__head_per_level",
        "classification.conv, classification.output",
        "sharing.parameters, layer.extra",
    ),
    planted(
        DETECTOR,
        "subclassed__nothing_for_p3",
        TO_P3,
        "residual.missing, glue.missing, glue.operation",
        "the finest map gets nothing from above",
    ),
    planted(
        DETECTOR, "subclassed__coarse_first", "classification.output, the output", "glue.order", "of levels"
    ),
)

MISTAKES: tuple[Mistake, ...] = OF_DIFFUSION + OF_RESNEXT + OF_VAE + OF_SPEECH + OF_POINTNET + OF_DETECTOR
DOUBLES: tuple[tuple[Mistake, ...], ...] = ()
