"""Nets for images, written by somebody who did not know how the comparison works."""

from .entries import Mistake, pair, planted

INCEPTION = pair("inception_torch:build", "inception_keras:functional", "2x3x28x36")
EFFICIENTNET = pair("efficientnet_torch:build", "efficientnet_keras:functional", "2x3x38x30")
SHUFFLENET = pair("shufflenet_torch:build", "shufflenet_keras:functional", "2x3x44x30")
STYLE = pair("style_torch:build", "style_keras:functional", "2x3x20x26")
SUPERRES = pair("superres_torch:build", "superres_keras:functional", "2x3x9x13")
VIDEO = pair("video_torch:build", "video_keras:sequential", "2x3x8x20x14")
ECG = pair("ecg_torch:build", "ecg_keras:functional", "3x4x58")

CORRECT = (
    INCEPTION,
    pair("inception_torch:build", "inception_keras:subclassed", *INCEPTION.inputs),
    pair("inception_torch:build", "inception_keras:nested", *INCEPTION.inputs),
    EFFICIENTNET,
    pair("efficientnet_torch:build", "efficientnet_keras:subclassed", *EFFICIENTNET.inputs),
    SHUFFLENET,
    pair("shufflenet_torch:build", "shufflenet_keras:sliced", *SHUFFLENET.inputs),
    pair("shufflenet_torch:build", "shufflenet_keras:subclassed", "2x3x41x30"),
    STYLE,
    pair("style_torch:build", "style_keras:subclassed", "2x3x21x26"),
    SUPERRES,
    pair("superres_torch:build", "superres_keras:subclassed", "2x3x8x11"),
    VIDEO,
    pair("video_torch:build", "video_keras:subclassed", *VIDEO.inputs),
    ECG,
    pair("ecg_torch:build", "ecg_keras:nested", *ECG.inputs),
)

STARTS = "{0}.branch1.conv, {0}.branch2.0.conv, {0}.branch3.0.conv, {0}.branch4.1.conv"
ENDS = "{0}.branch1.bn, {0}.branch2.1.bn, {0}.branch3.1.bn, {0}.branch4.1.bn"
INPUTS_OF_4A = STARTS.format("inception4a")
ENDS_OF_3B, ENDS_OF_4A = ENDS.format("inception3b"), ENDS.format("inception4a")
OF_INCEPTION = (
    planted(
        INCEPTION, "functional__whole_alpha", "conv1.bn, conv2.conv", "glue.constant", "alpha not over n"
    ),
    planted(INCEPTION, "functional__average", "conv2.bn, inception3a.branch4.1.conv", "pooling.kind"),
    planted(
        INCEPTION,
        "functional__linear_reduce",
        "inception3b.branch2.0.bn, inception3b.branch2.1.conv",
        "activation.missing",
    ),
    planted(INCEPTION, "functional__floor", f"{ENDS_OF_3B}, {INPUTS_OF_4A}", "pooling.ceil"),
    planted(
        INCEPTION,
        "functional__late",
        f"{ENDS_OF_3B}, aux1.conv.conv",
        "glue.extra, glue.order",
        "the auxiliary classifier sees the maps behind the pool",
    ),
    planted(INCEPTION, "functional__pool_third", f"{ENDS_OF_4A}, fc", "glue.order, channels.order"),
    planted(INCEPTION, "subclassed__epsilon_of_torch", "inception3b.branch3.1.bn", "norm.epsilon"),
    planted(INCEPTION, "subclassed__linear_aux", "aux1.fc1, aux1.fc2", "activation.missing"),
    planted(INCEPTION, "subclassed__exchanged", "fc, aux1.fc2, the output", "glue.order"),
    planted(INCEPTION, "nested__global_max", f"{ENDS_OF_4A}, fc", "pooling.kind"),
)

STRIDED = "features.3.block.1.0"
SECOND = "features.2.1.block"
OF_EFFICIENTNET = (
    planted(EFFICIENTNET, "functional__same", STRIDED, "conv.padding"),
    planted(
        EFFICIENTNET,
        "functional__relu_gate",
        "features.3.block.2.fc1, features.3.block.2.fc2",
        "activation.kind",
    ),
    planted(
        EFFICIENTNET,
        "functional__project_swish",
        "features.1.block.2.1, features.2.0.block.0.0",
        "activation.extra",
    ),
    planted(EFFICIENTNET, "functional__same_momentum", "features.0.1", "norm.momentum", seen="training"),
    planted(
        EFFICIENTNET,
        "functional__keep_prob",
        "features.4.1, classifier.0, classifier.1",
        "dropout.rate",
        "0.8",
        seen="settings",
    ),
    planted(
        EFFICIENTNET, "subclassed__no_shortcut", f"{SECOND}.3.1, features.3.block.0.0", "residual.missing"
    ),
    planted(EFFICIENTNET, "subclassed__epsilon", f"{SECOND}.1.1", "norm.epsilon"),
    planted(
        EFFICIENTNET,
        "subclassed__gate_first",
        "features.1.block.0.1, features.1.block.1.fc1, features.1.block.1.fc2, features.1.block.2.0",
        "activation.order, glue.order",
        "SiLU behind the gate",
    ),
    planted(
        EFFICIENTNET,
        "subclassed__always_dropped",
        "features.4.1, classifier.0, classifier.1",
        "dropout.active",
        seen="settings",
    ),
)


OF_SHUFFLENET = (
    planted(SHUFFLENET, "functional__max_same", "conv1.1, stage2.0.gconv1", "pooling.padding"),
    planted(
        SHUFFLENET,
        "functional__mean_same",
        "conv1.1, stage2.0.bn3, stage2.1.gconv1",
        "pooling.padding_counted, pooling.padding",
        "neither the side nor the count",
    ),
    planted(SHUFFLENET, "functional__one_group", "stage2.0.gconv3", "conv.groups"),
    planted(
        SHUFFLENET,
        "functional__no_shuffle",
        "stage2.1.bn1, stage2.1.dwconv",
        "glue.missing, channels.order",
    ),
    planted(
        SHUFFLENET,
        "functional__inverse",
        "stage2.1.bn1, stage2.1.dwconv",
        "channels.order, glue.order, axes.swapped",
        "3 by 2 for 2 by 3",
    ),
    planted(SHUFFLENET, "functional__relu_depthwise", "stage2.1.bn2, stage2.1.gconv3", "activation.extra"),
    planted(
        SHUFFLENET,
        "functional__relu_inside",
        "stage2.1.bn3, stage3.0.branch2.0",
        "activation.order, glue.order",
    ),
    planted(
        SHUFFLENET,
        "functional__first_half",
        "stage3.0.branch2.6, stage3.1.branch2.0",
        "glue.order, channels.order",
        "the halves exchanged",
    ),
    planted(
        SHUFFLENET,
        "subclassed__branch_first",
        "stage3.0.branch2.6, stage3.1.branch2.0",
        "glue.order, channels.order",
    ),
    planted(
        SHUFFLENET,
        "subclassed__norm_forgotten",
        "stage3.1.branch2.3, stage3.1.branch2.4, stage3.1.branch2.5",
        "norm.missing",
    ),
)

OF_STYLE = (
    planted(STYLE, "functional__one_group", "in2", "norm.groups"),
    planted(STYLE, "functional__relu_behind", "res1.in2, res2.conv1.conv2d", "activation.extra"),
    planted(STYLE, "functional__symmetric", "res2.in1, res2.conv2", "conv.padding_mode"),
    planted(STYLE, "functional__bilinear", "res2.in2, deconv1", "resize.mode"),
    planted(STYLE, "functional__zeros", "in4, deconv2", "conv.padding_mode"),
    planted(STYLE, "functional__of_150", "deconv2.conv2d, the output", "glue.constant"),
    planted(STYLE, "subclassed__outside_root", "in1", "norm.epsilon, glue.order", "added to the deviation"),
    planted(STYLE, "subclassed__milli", "in4", "norm.epsilon"),
    planted(STYLE, "subclassed__linear", "res1.in1, res1.conv2.conv2d", "activation.missing"),
    planted(STYLE, "subclassed__batch", "res2.in1", "norm.kind, norm.mode"),
)

OF_SUPERRES = (
    planted(SUPERRES, "functional__mean_bgr", "head", "input.scaling, glue.constant, channels.order"),
    planted(
        SUPERRES,
        "functional__unscaled",
        "body.1.body.2, body.2",
        "glue.missing, glue.constant",
        "no factor of 0.1",
    ),
    planted(
        SUPERRES,
        "functional__transposed",
        "upsample.0.conv, upsample.0.prelu",
        "axes.swapped, channels.order",
    ),
    planted(SUPERRES, "functional__prelu_unshared", "upsample.1.prelu", "prelu.sharing"),
    planted(SUPERRES, "functional__default_upsampling", "tail, the output", "resize.mode"),
    planted(SUPERRES, "functional__clipped", "tail, the output", "glue.extra, activation.extra"),
    planted(SUPERRES, "subclassed__relu_twice", "body.1.body.2, body.2", "activation.extra"),
    planted(SUPERRES, "subclassed__no_long_skip", "body.2, upsample.0.conv", "residual.missing"),
    planted(SUPERRES, "subclassed__depth_to_space", "upsample.1.conv, upsample.1.prelu", "channels.order"),
    planted(SUPERRES, "subclassed__no_bias", "tail", "layer.bias_missing"),
)

OF_VIDEO = (
    planted(VIDEO, "subclassed__time_reversed", "conv1", "glue.extra, channels.order", "frames in reverse"),
    planted(VIDEO, "sequential__relu_first", "conv2, bn2", "activation.order"),
    planted(VIDEO, "sequential__axis_one", "bn2", "norm.axis", "over frames, which are as many as channels"),
    planted(VIDEO, "subclassed__temporal_same", "temporal", "conv.padding"),
    planted(
        VIDEO, "sequential__linear", "bn4, fc6", "activation.missing", "zeros are no neutral border then"
    ),
    planted(VIDEO, "sequential__border_at_end", "bn4, fc6", "pooling.padding"),
    planted(VIDEO, "sequential__average", "bn4, fc6", "pooling.kind"),
    planted(VIDEO, "sequential__width_first", "bn4, fc6", "axes.swapped, flatten.order"),
    planted(VIDEO, "sequential__softmax", "fc7, the output", "activation.extra"),
)

OF_ECG = (
    planted(
        ECG, "functional__zero_border", "block1.shortcut.1", "pooling.padding", "zeros, not minus infinity"
    ),
    planted(ECG, "functional__slope", "block2.bn1, block2.conv2", "activation.slope"),
    planted(ECG, "functional__causal", "block2.conv2", "conv.padding"),
    planted(ECG, "functional__selu", "classifier.1, classifier.4", "activation.kind"),
    planted(ECG, "functional__softmax", "classifier.4, the output", "activation.kind"),
    planted(
        ECG,
        "nested__before_sum",
        "block1.bn2, block1.shortcut.1, block2.conv1, block2.shortcut.1",
        "activation.order, glue.order",
    ),
)

MISTAKES: tuple[Mistake, ...] = (
    OF_INCEPTION + OF_EFFICIENTNET + OF_SHUFFLENET + OF_STYLE + OF_SUPERRES + OF_VIDEO + OF_ECG
)

GATE_AND_PROJECT = "functional__relu_gate__project_swish"
SYMMETRIC_AND_BILINEAR = "functional__symmetric__bilinear"
SKIP_AND_SHUFFLE = "subclassed__no_long_skip__depth_to_space"
DOUBLES = (
    (
        planted(
            EFFICIENTNET, GATE_AND_PROJECT, "features.1.block.2.1, features.2.0.block.0.0", "activation.extra"
        ),
        planted(EFFICIENTNET, GATE_AND_PROJECT, "features.3.block.2.fc1", "activation.kind"),
    ),
    (
        planted(STYLE, SYMMETRIC_AND_BILINEAR, "res2.in1, res2.conv2", "conv.padding_mode"),
        planted(STYLE, SYMMETRIC_AND_BILINEAR, "res2.in2, deconv1", "resize.mode"),
    ),
    (
        planted(SUPERRES, SKIP_AND_SHUFFLE, "body.2, upsample.0.conv", "residual.missing"),
        planted(SUPERRES, SKIP_AND_SHUFFLE, "upsample.1.conv, upsample.1.prelu", "channels.order"),
    ),
)
