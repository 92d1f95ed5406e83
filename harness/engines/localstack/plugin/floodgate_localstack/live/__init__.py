"""What goes on in this LocalStack right now, for whoever samples it: `GET /_floodgate/live`.

One cheap answer stands for dozens of AWS calls, which would themselves be a load on what is measured.
"""
