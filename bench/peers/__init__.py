"""The servers that the product is compared with, each written as its framework's users write it.

They run in a virtual environment of their own (see `bench/venv.py`) and import nothing of the product. All answer the
same messages with the same synthetic model, `model.py`.
"""
