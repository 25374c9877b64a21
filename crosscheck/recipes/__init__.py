"""Every training run of the articles as data, one module an article's technique."""
