"""What the drop-in Jacobians of JAX and PyTorch share: segments of a function, and the choice of a plan."""
