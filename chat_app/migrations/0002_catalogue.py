"""What a fresh installation can choose from: the models of the examples, OpenAI's, and the one that is built in.

Rows that exist are left alone. Which of them can answer is worked out from what is there (`chat/catalog.py`).
"""

from django.db import migrations

# id, label, description, provider, upstream model, name of the variable that holds the key, context
ROWS = [
    ("gpt2", "GPT-2 (Fast)", "Fast, lightweight responses", "local", "gpt2", "", 1024, 256),
    ("llama", "LLaMA (Quality)", "Higher quality, slower", "openai", "", "LLAMA_KEY", 8192, 1024),
    (
        "custom",
        "Custom Model (Experimental)",
        "Your custom fine-tuned model",
        "custom",
        "",
        "CUSTOM_KEY",
        8192,
        1024,
    ),
    (
        "openai",
        "OpenAI",
        "OpenAI's API, with your key",
        "openai",
        "gpt-4o-mini",
        "OPENAI_API_KEY",
        128000,
        4096,
    ),
    ("demo", "Demo", "Built in: needs no key and no network", "demo", "", "", 8192, 1024),
]


def add_catalogue(apps, schema_editor):
    model_config = apps.get_model("chat_app", "ModelConfig")
    for position, (slug, label, description, provider, upstream, key, context, reserve) in enumerate(ROWS, 1):
        model_config.objects.get_or_create(
            id=slug,
            defaults={
                "label": label,
                "description": description,
                "provider": provider,
                "model": upstream,
                "api_key_env": key,
                "context": context,
                "reserve": reserve,
                "guests": slug != "openai",
                "position": position * 10,
            },
        )


class Migration(migrations.Migration):
    dependencies = [("chat_app", "0001_initial")]
    operations = [migrations.RunPython(add_catalogue, migrations.RunPython.noop)]
