"""Results as pictures: each is a scene of a few kinds of marks, drawn as SVG or by Matplotlib."""
