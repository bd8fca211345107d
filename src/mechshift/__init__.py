"""mechshift: does an autoregressive model keep its mechanisms when it becomes a masked diffusion model?"""
