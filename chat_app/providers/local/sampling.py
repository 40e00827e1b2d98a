"""How a local model's next token is chosen, as arguments of transformers' `generate`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from chat_app.providers.local.options import Options

# What a base model, which has no chat template and no say of its own, is asked to do: the likeliest words only go round.
OPEN_ENDED: Final[Mapping[str, Any]] = {
    "do_sample": True,
    "temperature": 0.8,
    "top_p": 0.95,
    "repetition_penalty": 1.1,
}


def sampling(options: Options, model: Any, *, plain: bool) -> dict[str, Any]:
    """The row's word, else the model's own, else for a base model (`plain`) OPEN_ENDED."""
    asked = {**(OPEN_ENDED if plain else {}), **options.sampling}
    if asked.get("temperature") == 0:  # as the APIs have it: always the likeliest token
        asked["do_sample"] = False
    elif {"temperature", "top_p", "top_k"} & set(asked):
        asked.setdefault("do_sample", True)
    own = model.generation_config
    wanted = {
        name: asked.get(name, getattr(own, name)) for name in ("do_sample", "temperature", "top_p", "top_k")
    }
    if wanted["do_sample"] and options.seed is None:
        return asked
    chosen = {name: value for name, value in asked.items() if name not in wanted}
    if wanted["do_sample"]:
        chosen["logits_processor"] = [_draw(options.seed, model.device, wanted)]
    return {**chosen, "do_sample": False}


def _draw(seed: int | None, device: Any, wanted: Mapping[str, Any]) -> Any:
    """Draws tokens by random numbers of its own, so that what other answers draw meanwhile changes nothing: noise of the
    right kind on top of each score makes the highest of them a fair draw (the Gumbel-max trick)."""
    import torch
    from transformers import TemperatureLogitsWarper, TopKLogitsWarper, TopPLogitsWarper

    generator = torch.Generator(device).manual_seed(seed)
    steps: list[Any] = []
    if wanted["temperature"] not in (None, 1):
        steps.append(TemperatureLogitsWarper(float(wanted["temperature"])))
    if wanted["top_k"]:
        steps.append(TopKLogitsWarper(wanted["top_k"]))
    if wanted["top_p"] not in (None, 1):
        steps.append(TopPLogitsWarper(float(wanted["top_p"])))

    class Draw:
        def __call__(self, ids: Any, scores: Any) -> Any:
            for step in steps:
                scores = step(ids, scores)
            noise = torch.empty_like(scores).exponential_(generator=generator)
            return scores - noise.clamp_min(1e-30).log()

    return Draw()
