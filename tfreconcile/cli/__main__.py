"""``python -m tfreconcile.cli``: the same as the console script."""

from tfreconcile.cli.main import main

main()
