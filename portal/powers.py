"""What a page may use of the browser's powers: Permissions-Policy, with the camera on one page alone."""

from typing import Final

NO_POWERS: Final = (
    "accelerometer=(), camera=(), display-capture=(), geolocation=(), gyroscope=(), magnetometer=(), "
    "microphone=(), midi=(), payment=(), usb=(), clipboard-write=(self)"
)
"""Every page: nothing but the clipboard, for copying a number."""
WITH_CAMERA: Final = NO_POWERS.replace("camera=()", "camera=(self)")
"""Where a photo for a card is taken."""
