"""The live board, and the page behind the QR code on a machine."""
