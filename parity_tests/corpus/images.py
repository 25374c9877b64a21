"""Nets that classify images."""

from .entries import Mistake, pair, planted

PLAIN = pair("plain_torch:build", "plain_keras:sequential", "2x3x20x28")
RESNET = pair("resnet_torch:build", "resnet_keras:functional", "2x3x40x56")
ODD = pair("resnet_torch:build", "resnet_keras:functional", "2x3x41x53")
DENSENET = pair("densenet_torch:build", "densenet_keras:functional", "2x3x32x44")
MOBILENET = pair("mobilenet_torch:build", "mobilenet_keras:functional", "2x3x24x36")
SEPARABLE = pair("mobilenet_torch:separable", "mobilenet_keras:separable", "2x4x14x18")

CORRECT = (
    PLAIN,
    pair("plain_torch:build", "plain_keras:functional", *PLAIN.inputs),
    pair("plain_torch:build", "plain_keras:subclassed", *PLAIN.inputs),
    pair("plain_torch:build", "plain_keras:channels_first", *PLAIN.inputs),
    RESNET,
    ODD,
    pair("resnet_torch:build", "resnet_keras:subclassed", *RESNET.inputs),
    pair("resnet_torch:build", "resnet_keras:nested", *ODD.inputs),
    DENSENET,
    pair("densenet_torch:build", "densenet_keras:subclassed", *DENSENET.inputs),
    MOBILENET,
    pair("mobilenet_torch:build", "mobilenet_keras:subclassed", *MOBILENET.inputs),
    SEPARABLE,
    pair("mobilenet_torch:separable", "mobilenet_keras:separable_in_one", *SEPARABLE.inputs),
)

OF_PLAIN = (
    planted(PLAIN, "sequential__zeros", "conv3", "conv.padding_mode"),
    planted(PLAIN, "sequential__width_first", "fc1", "flatten.order", "Permute((3, 2, 1)) before Flatten"),
    planted(PLAIN, "sequential__no_relu", "fc1, fc2", "activation.missing"),
    planted(PLAIN, "sequential__rate", "fc1, fc2", "dropout.rate", "0.6 for 0.4", seen="settings"),
    planted(PLAIN, "sequential__flipped", "conv2", "conv.kernel_flipped"),
    planted(PLAIN, "sequential__sideways", "conv1", "conv.kernel_transposed", "a 5x5 kernel"),
    planted(PLAIN, "functional__scaled", "conv1", "input.scaling", "Rescaling(1 / 255)"),
    planted(PLAIN, "functional__no_bias", "conv1", "layer.bias_missing"),
    planted(PLAIN, "functional__kernel_5x3", "conv2", "conv.kernel_transposed", "the shape is another one"),
    planted(PLAIN, "functional__pool_of_two", "conv2, conv3", "pooling.size"),
    planted(PLAIN, "functional__sigmoid", "fc1, fc2", "activation.kind"),
    planted(PLAIN, "functional__softmax_twice", "fc2, the output", "activation.softmax_doubled"),
    planted(PLAIN, "subclassed__symmetric", "conv3", "conv.padding_mode", "symmetric for reflect"),
    planted(PLAIN, "subclassed__bgr", "conv1", "channels.order"),
    planted(PLAIN, "subclassed__pool_same", "conv2, conv3", "pooling.padding"),
    planted(PLAIN, "subclassed__relu_forgotten", "fc1, fc2", "activation.missing"),
    planted(PLAIN, "subclassed__drops", "fc1, fc2", "dropout.active", "training=True inside"),
    planted(PLAIN, "subclassed__relu_at_end", "fc2, the output", "activation.extra"),
    planted(PLAIN, "subclassed__over_batch", "fc2, the output", "activation.softmax_axis"),
    planted(PLAIN, "channels_first__reshaped", "conv1", "axes.swapped", "Reshape where Permute is needed"),
)

OF_RESNET = (
    planted(RESNET, "functional__stem_same", "conv1", "conv.padding", "kernel 7, stride 2"),
    planted(RESNET, "functional__pool_same", "bn1, conv1, layer1.0.conv1", "pooling.padding"),
    planted(RESNET, "functional__same", "layer2.0.conv1", "conv.padding", "on an even map"),
    planted(RESNET, "functional__epsilon", "layer2.0.bn1", "norm.epsilon"),
    planted(RESNET, "functional__momentum", "layer2.0.bn1", "norm.momentum", "0.1 as in torch", "training"),
    planted(RESNET, "functional__layer_norm", "layer2.0.bn1", "norm.kind"),
    planted(RESNET, "functional__no_norm", "layer2.0.bn1, layer2.0.conv1, layer2.0.conv2", "norm.missing"),
    planted(RESNET, "subclassed__batch_statistics", "layer2.0.bn1", "norm.mode", "training=True at the call"),
    planted(RESNET, "functional__gelu", "layer2.0.bn1, layer2.0.conv2", "activation.kind"),
    planted(
        RESNET,
        "functional__relu_first",
        "layer2.0.bn2, layer2.0.downsample.1, layer2.1.conv1",
        "activation.order",
        "ReLU before the sum",
    ),
    planted(
        RESNET,
        "functional__no_last_relu",
        "layer2.0.bn2, layer2.0.downsample.1, layer2.1.conv1",
        "activation.missing",
    ),
    planted(RESNET, "functional__no_identity", "layer1.0.bn2, bn1, layer2.0.conv1", "residual.missing"),
    planted(RESNET, "functional__extra_bias", "layer2.0.conv1", "layer.bias_extra"),
    planted(
        RESNET,
        "functional__v1",
        "layer3.0.conv1",
        "conv.strides",
        "the stride at 1x1, as in v1",
    ),
    planted(RESNET, "functional__max", "layer3.0.bn3, layer3.0.downsample.1, fc", "pooling.kind"),
    planted(
        RESNET, "functional__frozen", "layer2.0.conv2", "parameter.frozen", "trainable=False", seen="training"
    ),
    planted(
        RESNET,
        "functional__stop",
        "layer2.0.downsample.1, layer2.0.downsample.0",
        "gradient.stopped",
        "the shortcut is cut off from the gradient",
        "gradients",
    ),
    planted(RESNET, "subclassed__momentum", "layer2.0.bn1", "norm.momentum", "Keras' 0.99", "training"),
    planted(RESNET, "subclassed__relu_before_norm", "layer2.0.conv1, layer2.0.bn1", "activation.order"),
    planted(
        RESNET,
        "subclassed__frozen_statistics",
        "layer2.0.bn2",
        "norm.mode",
        "training=False at the call",
        "training",
    ),
    planted(
        RESNET,
        "subclassed__product",
        "layer2.0.bn2, layer2.0.downsample.1, layer2.1.conv1",
        "glue.operation",
        "product for sum",
    ),
    planted(RESNET, "subclassed__avg_pool", "bn1, layer1.0.conv1", "pooling.kind"),
    planted(RESNET, "nested__stem_bias", "conv1", "layer.bias_extra"),
)

OF_DENSENET = (
    planted(
        DENSENET,
        "functional__pool_same",
        "conv0, block1.0.norm1",
        "pooling.padding, pooling.padding_counted",
        "neither the side nor the count",
    ),
    planted(DENSENET, "functional__relu_before_norm", "block1.0.conv2, block1.1.norm1", "activation.order"),
    planted(DENSENET, "functional__epsilon_of_keras", "block1.1.norm1", "norm.epsilon"),
    planted(DENSENET, "functional__no_relu", "block1.1.norm2, block1.1.conv2", "activation.missing"),
    planted(
        DENSENET,
        "functional__new_first",
        "block1.1.conv2, block1.2.norm1, transition.0",
        "glue.order",
    ),
    planted(DENSENET, "functional__max_pool", "transition.2, block2.0.norm1", "pooling.kind"),
    planted(DENSENET, "functional__pool_of_three", "transition.2, block2.0.norm1", "pooling.size"),
    planted(DENSENET, "subclassed__reversed", "block1.2.conv2, transition.0", "glue.order"),
    planted(DENSENET, "subclassed__max", "norm5, classifier", "pooling.kind"),
)

OF_MOBILENET = (
    planted(MOBILENET, "functional__unit_range", "features.0.0", "input.scaling", "0 to 1 for -1 to 1"),
    planted(MOBILENET, "functional__statistics", "features.0.0", "input.scaling", "ImageNet's mean"),
    planted(MOBILENET, "functional__bgr", "features.0.0", "channels.order"),
    planted(MOBILENET, "functional__same", "features.1.conv.1.0", "conv.padding", "an even map"),
    planted(
        MOBILENET, "functional__relu", "features.0.1, features.1.conv.0.0", "activation.kind", "no bound"
    ),
    planted(
        MOBILENET,
        "functional__relu_at_end",
        "features.1.conv.3, features.2.conv.0.0, features.2.conv.3",
        "activation.extra",
        "the bottleneck is linear",
    ),
    planted(
        MOBILENET,
        "functional__no_skip",
        "features.2.conv.3, features.1.conv.3, features.3.0",
        "residual.missing",
    ),
    planted(
        MOBILENET,
        "functional__keeps",
        "features.3.1, features.3.0, classifier.1",
        "dropout.rate",
        "the probability to keep",
        "settings",
    ),
    planted(MOBILENET, "functional__sigmoid", "classifier.1, the output", "activation.kind"),
    planted(MOBILENET, "functional__softmax_twice", "classifier.1, the output", "activation.softmax_doubled"),
    planted(MOBILENET, "subclassed__other_mean", "features.0.0", "input.scaling", "0.45 for 0.5"),
    planted(MOBILENET, "subclassed__over_batch", "classifier.1, the output", "activation.softmax_axis"),
    planted(SEPARABLE, "separable__copies_apart", "dw1, pw1", "depthwise.order"),
    planted(SEPARABLE, "separable__silu", "pw1, dw2", "activation.kind", "SiLU for hard swish"),
    planted(SEPARABLE, "separable__default_slope", "norm, pw2", "activation.slope", "0.3 for 0.2"),
    planted(SEPARABLE, "separable__epsilon_of_torch", "norm", "norm.epsilon", "the original has Keras' 1e-3"),
    planted(SEPARABLE, "separable__floor", "pw2, fc", "pooling.ceil"),
    planted(SEPARABLE, "separable__ungrouped", "pw2", "conv.groups", "the shape is another one"),
    planted(SEPARABLE, "separable_in_one__dilated", "dw1", "conv.dilation"),
    planted(SEPARABLE, "separable_in_one__silu", "pw1, dw2", "activation.kind"),
)

MISTAKES: tuple[Mistake, ...] = OF_PLAIN + OF_RESNET + OF_DENSENET + OF_MOBILENET

DOUBLES = (
    (
        planted(PLAIN, "subclassed__bgr__relu_forgotten", "conv1", "channels.order"),
        planted(PLAIN, "subclassed__bgr__relu_forgotten", "fc1, fc2", "activation.missing"),
    ),
    (
        planted(RESNET, "functional__same__max", "layer2.0.conv1", "conv.padding"),
        planted(RESNET, "functional__same__max", "layer3.0.bn3, layer3.0.downsample.1, fc", "pooling.kind"),
    ),
)
