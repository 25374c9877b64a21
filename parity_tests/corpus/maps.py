"""Nets that make images, and newer nets that classify them."""

from .entries import Mistake, pair, planted

UNET = pair("unet_torch:build", "unet_keras:functional", "2x3x16x24")
RESIZING = pair("unet_torch:resizing", "unet_keras:resizing", "3x2x12x20")
AUTO = pair("autoencoder_torch:build", "autoencoder_keras:functional", "2x3x16x28")
GENERATOR = pair("generator_torch:build", "generator_keras:sequential", "4x11")
CONVNEXT = pair("convnext_torch:build", "convnext_keras:functional", "2x3x32x40")
SENET = pair("senet_torch:build", "senet_keras:functional", "2x3x17x25")

CORRECT = (
    UNET,
    pair("unet_torch:build", "unet_keras:subclassed", *UNET.inputs),
    RESIZING,
    pair("unet_torch:resizing", "unet_keras:resizing_subclassed", *RESIZING.inputs),
    AUTO,
    pair("autoencoder_torch:build", "autoencoder_keras:subclassed", *AUTO.inputs),
    GENERATOR,
    pair("generator_torch:build", "generator_keras:subclassed", *GENERATOR.inputs),
    CONVNEXT,
    pair("convnext_torch:build", "convnext_keras:subclassed", *CONVNEXT.inputs),
    SENET,
    pair("senet_torch:build", "senet_keras:subclassed", *SENET.inputs),
)

DOWN = "down1.double_conv"
OF_UNET = (
    planted(UNET, "functional__no_bias", f"{DOWN}.0, {DOWN}.3", "layer.bias_missing"),
    planted(UNET, "functional__one_norm", f"{DOWN}.3, {DOWN}.4", "norm.missing"),
    planted(UNET, "functional__same", "up1", "conv.transposed_crop", "kernel 3, stride 2"),
    planted(UNET, "functional__crops_the_end", "up1", "conv.transposed_crop"),
    planted(UNET, "functional__up_first", "up1, conv1.double_conv.0", "glue.order"),
    planted(UNET, "functional__relu_behind_up", "up2, conv2.double_conv.0", "activation.extra"),
    planted(UNET, "functional__softmax", "outc, the output", "activation.extra"),
    planted(UNET, "subclassed__flipped", "up2", "conv.kernel_flipped"),
    planted(UNET, "subclassed__avg_pool", "inc.double_conv.4, down1.double_conv.0", "pooling.kind"),
    planted(
        UNET,
        "subclassed__upside_down",
        "down1.double_conv.4, up1, conv1.double_conv.0",
        "axes.swapped, glue.order",
        "the rows of the skip",
    ),
    planted(RESIZING, "resizing__zeros", "enc1", "conv.padding_mode", "zeros for replicate"),
    planted(RESIZING, "resizing__default_slope", "enc1, enc2", "activation.slope", "0.3 for 0.01"),
    planted(RESIZING, "resizing__selu", "dec3, dec2", "activation.kind"),
    planted(RESIZING, "resizing__smooth", "dec3, dec2", "resize.mode", "bilinear for nearest"),
    planted(RESIZING, "resizing__skip_first", "dec3, dec2", "glue.order"),
    planted(RESIZING, "resizing__blocks", "dec2, head", "resize.mode", "nearest for bilinear"),
    planted(RESIZING, "resizing__corners", "head, the output", "resize.alignment"),
    planted(RESIZING, "resizing__sigmoid", "head, the output", "activation.kind"),
    planted(RESIZING, "resizing_subclassed__pads_the_end", "enc3", "conv.padding", "as `same` does"),
    planted(RESIZING, "resizing_subclassed__bicubic", "dec2, head", "resize.mode"),
    planted(RESIZING, "resizing_subclassed__tanh_first", "head, the output", "activation.order"),
)

OF_AUTOENCODER = (
    planted(AUTO, "functional__layer_norm", "encoder.1", "norm.kind"),
    planted(AUTO, "functional__groups", "encoder.1", "norm.groups"),
    planted(AUTO, "functional__one_slope", "encoder.2", "prelu.sharing", "one slope for six"),
    planted(AUTO, "functional__slope_for_each", "encoder.2", "prelu.sharing", "Keras' default"),
    planted(AUTO, "functional__many_slopes", "encoder.5", "prelu.sharing", "ten slopes for one"),
    planted(AUTO, "functional__bias", "encoder.3", "layer.bias_extra"),
    planted(AUTO, "functional__epsilon", "encoder.4", "norm.epsilon"),
    planted(
        AUTO,
        "functional__unit",
        "bottleneck, decoder.0, the output",
        "glue.constant, activation.kind",
        "bounds",
    ),
    planted(AUTO, "functional__leaky", "decoder.2, decoder.1, decoder.3", "activation.kind"),
    planted(AUTO, "functional__same", "decoder.3", "conv.transposed_crop", "kernel 5, stride 2"),
    planted(AUTO, "functional__no_norm", "decoder.3, decoder.6", "norm.missing", "it holds no weights"),
    planted(AUTO, "functional__slope", "decoder.3, decoder.6", "activation.slope"),
    planted(AUTO, "subclassed__crop", "decoder.3", "conv.transposed_crop"),
    planted(AUTO, "subclassed__over_channels", "encoder.4", "norm.axis"),
    planted(AUTO, "subclassed__epsilon", "encoder.4", "norm.epsilon", "written out"),
    planted(AUTO, "subclassed__batch_norm", "encoder.4", "norm.kind", "batch norm for instance norm"),
    planted(AUTO, "subclassed__tanh", "bottleneck, decoder.0, the output", "activation.kind"),
    planted(AUTO, "subclassed__stop", "bottleneck", "gradient.stopped", seen="gradients"),
)

OF_GENERATOR = (
    planted(GENERATOR, "sequential__width_first", "bn0, project, main.0", "flatten.order, axes.swapped"),
    planted(GENERATOR, "sequential__no_bias", "project", "layer.bias_missing"),
    planted(GENERATOR, "sequential__no_relu", "bn0, main.0", "activation.missing"),
    planted(GENERATOR, "sequential__epsilon", "main.1", "norm.epsilon"),
    planted(GENERATOR, "sequential__crop", "main.3", "conv.transposed_crop"),
    planted(GENERATOR, "sequential__momentum", "main.4", "norm.momentum", "0.1 as in torch", "training"),
    planted(GENERATOR, "sequential__slope", "main.4, main.6", "activation.slope"),
    planted(GENERATOR, "sequential__flipped", "main.6", "conv.kernel_flipped"),
    planted(GENERATOR, "sequential__sigmoid", "main.6, the output", "activation.kind"),
    planted(GENERATOR, "subclassed__frozen", "main.1", "parameter.frozen, norm.mode", "a norm", "training"),
    planted(GENERATOR, "subclassed__relu_before_norm", "project, bn0", "activation.order"),
    planted(GENERATOR, "subclassed__batch_statistics", "main.1", "norm.mode", "training=True at the call"),
    planted(GENERATOR, "subclassed__float32", "main.6, the output", "dtype.float32"),
    planted(GENERATOR, "subclassed__no_tanh", "main.6, the output", "activation.missing"),
)

BLOCK = "stage1.0"
OF_CONVNEXT = (
    planted(CONVNEXT, "functional__zeros_at_end", f"{BLOCK}.dwconv", "conv.padding", "2 and 4 for 3 and 3"),
    planted(CONVNEXT, "functional__batch_norm", f"{BLOCK}.norm", "norm.kind"),
    planted(
        CONVNEXT, "functional__no_norm", f"{BLOCK}.dwconv, {BLOCK}.norm, {BLOCK}.pwconv1", "norm.missing"
    ),
    planted(CONVNEXT, "functional__epsilon", f"{BLOCK}.norm", "norm.epsilon", "1e-3 for 1e-6"),
    planted(
        CONVNEXT,
        "functional__gelu_tanh",
        f"{BLOCK}.pwconv1, {BLOCK}.pwconv2",
        "activation.gelu_approximation",
    ),
    planted(CONVNEXT, "functional__stop", f"{BLOCK}, {BLOCK}.pwconv2", "gradient.stopped", seen="gradients"),
    planted(
        CONVNEXT,
        "functional__no_skip",
        f"{BLOCK}, {BLOCK}.pwconv2, stem.1, stage1.1.dwconv",
        "residual.missing",
    ),
    planted(CONVNEXT, "functional__bgr", "stem.0", "channels.order", "before the statistics"),
    planted(CONVNEXT, "functional__not_normed", "stem.0", "input.scaling"),
    planted(CONVNEXT, "functional__variance_for_deviation", "stem.0", "input.scaling"),
    planted(CONVNEXT, "subclassed__dilated", f"{BLOCK}.dwconv", "conv.dilation"),
    planted(CONVNEXT, "subclassed__all_axes", f"{BLOCK}.norm", "norm.axis", "the shape is another one"),
    planted(CONVNEXT, "subclassed__relu", f"{BLOCK}.pwconv1, {BLOCK}.pwconv2", "activation.kind"),
    planted(CONVNEXT, "subclassed__added", f"{BLOCK}, {BLOCK}.pwconv2", "glue.operation", "sum for product"),
)

OF_SENET = (
    planted(SENET, "functional__no_norm", "bn1, conv1, se1.fc.0", "norm.missing"),
    planted(SENET, "functional__squeeze_max", "bn1, se1.fc.0", "pooling.kind"),
    planted(SENET, "functional__se_bias", "se1.fc.0", "layer.bias_extra"),
    planted(SENET, "functional__se_no_relu", "se1.fc.0, se1.fc.2", "activation.missing"),
    planted(SENET, "functional__se_softmax", "se1.fc.2, conv2", "activation.kind", "softmax for sigmoid"),
    planted(SENET, "functional__se_tanh", "se1.fc.2, conv2", "activation.kind"),
    planted(SENET, "functional__added", "se1.fc.2, bn1, conv2", "glue.operation"),
    planted(SENET, "functional__counted", "se1.fc.2, bn1, conv2", "pooling.padding_counted"),
    planted(SENET, "functional__dilation", "conv2", "conv.dilation"),
    planted(SENET, "functional__silu", "bn2, se2.conv_reduce", "activation.kind"),
    planted(SENET, "functional__soft", "se2.conv_expand, conv3", "activation.kind", "of the gate"),
    planted(SENET, "functional__default_strides", "se2.conv_expand, bn2, conv3", "pooling.strides"),
    planted(SENET, "functional__strides_exchanged", "conv3", "conv.strides"),
    planted(SENET, "functional__floor", "conv3, fc", "pooling.ceil"),
    planted(SENET, "subclassed__sum", "bn1, se1.fc.0", "glue.operation, pooling.kind", "sum for mean"),
    planted(SENET, "subclassed__over_batch", "bn1, se1.fc.0", "glue.axis", "the mean of the batch"),
    planted(SENET, "subclassed__doubled", "se1.fc.2, bn1, conv2", "glue.constant"),
    planted(SENET, "subclassed__pool_of_two", "se2.conv_expand, bn2, conv3", "pooling.size"),
)

MISTAKES: tuple[Mistake, ...] = OF_UNET + OF_AUTOENCODER + OF_GENERATOR + OF_CONVNEXT + OF_SENET

DOUBLES = (
    (
        planted(RESIZING, "resizing__zeros__corners", "enc1", "conv.padding_mode"),
        planted(RESIZING, "resizing__zeros__corners", "head, the output", "resize.alignment"),
    ),
)
