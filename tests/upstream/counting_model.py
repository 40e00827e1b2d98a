"""Builds GPT-2s that count: `python counting_model.py FOLDER`. Real models, with weights that leave them no choice.

Whatever the prompt, they say "0001 0002 0003 ...", a number a token, as `tests/upstream/chunks.py` has it. A folder each:

    counts        counts
    slow          counts, through so many layers that a token takes some milliseconds
    breaks        breaks down at the first token: the embedding of its prompt is no number
    breaks_at_20  breaks down after "0020 "
    silent        computes one token after another, none of which is text

All layers add zero, so that what the last token means goes straight to the choice of the next: the direction in which a
token is embedded is the one that the output layer reads as its successor.
"""

from __future__ import annotations

import sys
from pathlib import Path

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import GenerationConfig, GPT2Config, GPT2LMHeadModel, PreTrainedTokenizerFast

NUMBERS = 240
WIDTH = 256
MARK, END = "<|mark|>", "<|end|>"
TEMPLATE = "{% for message in messages %}{{ message['content'] }}\n{% endfor %}"


def tokenizer() -> PreTrainedTokenizerFast:
    """A token for each byte, for each number, and two that are no text."""
    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    words = [*letters, *(f"{number:04d}Ġ" for number in range(1, NUMBERS + 1)), MARK, END]
    inner = Tokenizer(models.BPE(vocab={word: at for at, word in enumerate(words)}, merges=[]))
    inner.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    inner.decoder = decoders.ByteLevel()
    fast = PreTrainedTokenizerFast(
        tokenizer_object=inner,
        eos_token=END,
        pad_token=END,
        additional_special_tokens=[MARK],
        model_max_length=4096,
    )
    fast.chat_template = TEMPLATE
    return fast


def model(
    words: PreTrainedTokenizerFast, *, layers: int = 1, broken: int | None = None, silent: bool = False
) -> GPT2LMHeadModel:
    """`broken` is the number whose embedding is none, 0 for all letters."""
    size, first = len(words), words.convert_tokens_to_ids("0001Ġ")
    mark, end = words.convert_tokens_to_ids(MARK), words.eos_token_id
    shape = {"n_positions": 4096, "n_embd": WIDTH, "n_layer": layers, "n_head": 2, "n_inner": 8}
    config = GPT2Config(
        vocab_size=size,
        eos_token_id=end,
        bos_token_id=end,
        pad_token_id=end,
        tie_word_embeddings=False,
        **shape,
    )
    gpt2 = GPT2LMHeadModel(config)
    directions = torch.eye(NUMBERS + 2, WIDTH)
    with torch.no_grad():
        gpt2.transformer.wpe.weight.zero_()
        for block in gpt2.transformer.h:
            block.attn.c_proj.weight.zero_()
            block.mlp.c_proj.weight.zero_()
        meaning, choice = gpt2.transformer.wte.weight, gpt2.lm_head.weight
        meaning.zero_()
        choice.zero_()
        meaning[:first] = directions[0]
        meaning[first : first + NUMBERS] = directions[1 : NUMBERS + 1]
        choice[first : first + NUMBERS] = directions[:NUMBERS]
        if silent:
            meaning[:] = directions[-1]
            choice[mark] = directions[-1]
        if broken is not None:
            meaning[slice(0, first) if broken == 0 else first + broken - 1] = float("nan")
    # Where there is no choice, drawing is as good as taking the best; and no draw can be made from what is no number.
    gpt2.generation_config = GenerationConfig(
        do_sample=True, temperature=0.05, top_k=0, eos_token_id=end, pad_token_id=end
    )
    return gpt2


def build(folder: str) -> None:
    """Write all of them below `folder`."""
    words = tokenizer()
    kinds = {
        "counts": model(words),
        "slow": model(words, layers=64),
        "breaks": model(words, broken=0),
        "breaks_at_20": model(words, broken=20),
        "silent": model(words, layers=8, silent=True),
    }
    for name, gpt2 in kinds.items():
        words.save_pretrained(str(Path(folder) / name))
        gpt2.save_pretrained(str(Path(folder) / name))


if __name__ == "__main__":
    build(sys.argv[1])
