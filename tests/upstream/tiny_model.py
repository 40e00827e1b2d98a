"""Builds a tiny GPT-2 with random weights: `python tiny_model.py FOLDER`. Runs in the model server's environment.

It is a real model with a real tokenizer, and says nothing but lower-case letters and spaces. Its tokenizer has a
token for each byte and its chat template is one line a message, so that the server's own `prompt_tokens` tells
exactly which messages it was given: `model_server.prompt_tokens` has the sum.
"""

from __future__ import annotations

import sys

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import GenerationConfig, GPT2Config, GPT2LMHeadModel, PreTrainedTokenizerFast

END = "<|end|>"
TEMPLATE = (
    "{% for message in messages %}{{ message['role'] }}: {{ message['content'] }}\n{% endfor %}"
    "{% if add_generation_prompt %}assistant: {% endif %}"
)
SPOKEN = "abcdefghijklmnopqrstuvwxyzĠ"  # Ġ is how byte-level vocabularies write a space


def build(folder: str) -> None:
    """Write model, tokenizer and chat template to `folder`."""
    vocabulary = {letter: number for number, letter in enumerate(sorted(pre_tokenizers.ByteLevel.alphabet()))}
    vocabulary[END] = end = len(vocabulary)
    tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    tokenizer.decoder = decoders.ByteLevel()
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, eos_token=END, pad_token=END, model_max_length=8192
    )
    fast.chat_template = TEMPLATE
    fast.save_pretrained(folder)

    torch.manual_seed(0)
    ends = {"bos_token_id": end, "eos_token_id": end, "pad_token_id": end}
    shape = {"n_positions": 8192, "n_embd": 32, "n_layer": 2, "n_head": 2}
    model = GPT2LMHeadModel(GPT2Config(vocab_size=len(vocabulary), **shape, **ends))
    with torch.no_grad():
        # Of each embedding the first number alone says whether the token may be spoken; a fixed bias brings it out.
        model.transformer.wte.weight[:, 0] = -1.0
        for letter in SPOKEN:
            model.transformer.wte.weight[vocabulary[letter], 0] = 1.0
        model.transformer.ln_f.weight[0] = 0.0
        model.transformer.ln_f.bias[0] = 20.0
    model.generation_config = GenerationConfig(do_sample=True, max_new_tokens=64, **ends)
    model.save_pretrained(folder)


if __name__ == "__main__":
    build(sys.argv[1])
