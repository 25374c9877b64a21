"""The models of keras.applications, with weights that are drawn and without the softmax behind them."""

import keras
from keras import applications

UNTRAINED = {"weights": None, "classifier_activation": None}


def vgg16() -> keras.Model:
    """Simonyan and Zisserman 2014, configuration D."""
    return applications.VGG16(**UNTRAINED)


def densenet121() -> keras.Model:
    """Huang et al. 2016."""
    return applications.DenseNet121(input_shape=(64, 64, 3), **UNTRAINED)


def mobilenet_v2() -> keras.Model:
    """Sandler et al. 2018."""
    return applications.MobileNetV2(input_shape=(64, 64, 3), **UNTRAINED)


def resnet50() -> keras.Model:
    """He et al. 2015, with the stride in the first convolution and biases before the norms."""
    return applications.ResNet50(input_shape=(64, 64, 3), **UNTRAINED)
