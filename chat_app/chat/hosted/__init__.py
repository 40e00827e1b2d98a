"""A hosted ChatKit's threads, brought over by OpenAI's API while that still answers.

`source.py` reads and asks again, `entries.py` says what a hosted item is here, `arrival.py` writes one thread, `move.py` goes
through all of them. What the API's pages hold is `providers/openai/hosted.py`'s; what is printed, the command's.
"""
