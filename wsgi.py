"""What gunicorn serves and `flask` commands are found through."""

import gc

gc.disable()  # what is imported stays: looking for garbage in it is a tenth of the start

from webapp import create_app  # noqa: E402 - the line above is for what this brings along

app = create_app()
gc.freeze()  # nor will later collections look there, while a request waits
gc.set_threshold(25_000)  # by themselves they come each seven hundred objects: a fiftieth of an answer from memory
gc.enable()
