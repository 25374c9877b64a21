"""Names of functions: those that both frameworks share, and what is said for those that differ."""

# What may be inside a Keras layer, and stands behind a PyTorch one.
ACTIVATIONS = (
    *("relu", "relu6", "leaky_relu", "elu", "gelu", "silu", "hard_silu", "hard_sigmoid", "mish", "softplus"),
    *("sigmoid", "tanh", "softmax", "log_softmax", "selu"),
)

# Functions whose names differ between the frameworks, without underscores: what they are called here.
FUNCTIONS = {
    "leakyrelu": "leaky_relu",
    "hardswish": "hard_silu",
    "hardsilu": "hard_silu",
    "swish": "silu",
    "hardsigmoid": "hard_sigmoid",
    "logsoftmax": "log_softmax",
    "maxpool": "max_pool",
    "avgpool": "avg_pool",
    "averagepool": "avg_pool",
    "adaptiveavgpool": "adaptive_avg_pool",
    "adaptivemaxpool": "adaptive_max_pool",
    "scaleddotproductattention": "dot_product_attention",
    "dotproductattention": "dot_product_attention",
    "cat": "concatenate",
    "concat": "concatenate",
    "amax": "max",
    "truediv": "divide",
    "truedivide": "divide",
    "div": "divide",
    "pow": "power",
    "clamp": "clip",
    "hardtanh": "clip",
    "rescaling": "rescale",
    "interpolate": "resize",
    "upsample": "resize",
    "upsamplenearest": "resize",
    "sub": "subtract",
    "mul": "multiply",
    "permute": "transpose",
    "get": "transpose",  # `x.T`: the only attribute of a tensor that makes another one
}
