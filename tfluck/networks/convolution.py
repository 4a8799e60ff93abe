"""A convolution whose gradient for its inputs is a convolution again.

With stride 1 and a kernel w of ``[taps, taps, in, out]``, y = x ∗ w has

    ∂L/∂x = pad(∂L/∂y) ∗ w̃,    w̃[i, j, k, c] = w[taps−1−i, taps−1−j, c, k],

where the pad makes up for what y lacks of x's sides. TensorFlow's own operation for this
gradient runs at half the rate of its forward one on a CPU, and so the forward one is
sooner done, though it multiplies the pad's zeros too. It is the same sum in another order.
"""

from typing import Any

import keras
import tensorflow as tf

#: Between fewer channels TensorFlow's own gradient is the faster one.
WIDE = 64


class Conv2D(keras.layers.Conv2D):
    """Keras' layer with stride 1, sooner done where it is wide.

    Files of weights name a layer by its class, so it is called as Keras' own is.
    """

    def convolution_op(self, inputs: Any, kernel: Any) -> Any:
        """Return ``inputs ∗ kernel``, ``[batch, height, width, out]``."""
        if min(kernel.shape[2:]) < WIDE or tf.config.list_physical_devices("GPU"):
            return super().convolution_op(inputs, kernel)
        padding = self.padding.upper()
        sides = [[taps - 1] * 2 for taps in self.kernel_size]
        back = padding if padding == "SAME" else [[0, 0], *sides, [0, 0]]

        @tf.custom_gradient
        def convolve(x: Any, w: Any) -> Any:
            def gradient(dy: Any) -> Any:
                turned = tf.transpose(tf.reverse(w, [0, 1]), [0, 1, 3, 2])
                dw = tf.raw_ops.Conv2DBackpropFilter(
                    input=x,
                    filter_sizes=w.shape,
                    out_backprop=dy,
                    strides=[1] * 4,
                    padding=padding,
                )
                return tf.nn.conv2d(dy, turned, 1, back), dw

            return tf.nn.conv2d(x, w, 1, padding), gradient

        return convolve(inputs, tf.convert_to_tensor(kernel))
