"""Every part that pages are made of, in every state: what the pictures of the tests are taken of."""
