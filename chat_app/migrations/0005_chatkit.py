import functools

import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models

import chat_app.models.attachment
import chat_app.models.fields


class Migration(migrations.Migration):
    dependencies = [
        ("chat_app", "0004_usage"),
    ]

    operations = [
        migrations.AddField(
            model_name="modelconfig",
            name="tools",
            field=models.JSONField(
                blank=True, default=list, help_text="Ids of the tools that a person may choose for a message."
            ),
        ),
        migrations.AddField(
            model_name="thread",
            name="allowed_image_domains",
            field=models.JSONField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="turn",
            name="abandoned_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="turn",
            name="input",
            field=models.JSONField(blank=True, default=dict),
        ),
        migrations.AddField(
            model_name="turn",
            name="partial_items",
            field=models.JSONField(blank=True, default=list),
        ),
        migrations.CreateModel(
            name="Attachment",
            fields=[
                (
                    "id",
                    models.CharField(
                        default=functools.partial(chat_app.models.fields.new_id, *("atc",), **{}),
                        editable=False,
                        max_length=40,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("owner", models.CharField(max_length=255)),
                ("name", models.CharField(max_length=255)),
                ("mime_type", models.CharField(max_length=127)),
                (
                    "kind",
                    models.CharField(
                        choices=[("file", "file"), ("image", "image")], default="file", max_length=8
                    ),
                ),
                ("size", models.PositiveBigIntegerField(default=0, help_text="Bytes.")),
                (
                    "state",
                    models.CharField(
                        choices=[("pending", "pending"), ("ready", "ready")], default="pending", max_length=8
                    ),
                ),
                ("generated", models.BooleanField(default=False)),
                (
                    "file",
                    models.FileField(blank=True, max_length=200, upload_to=chat_app.models.attachment.place),
                ),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                (
                    "item",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="attachments",
                        to="chat_app.item",
                    ),
                ),
                (
                    "thread",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="attachments",
                        to="chat_app.thread",
                    ),
                ),
            ],
            options={
                "ordering": ["-created_at"],
                "indexes": [
                    models.Index(fields=["owner", "created_at"], name="attachment_by_owner"),
                    models.Index(
                        condition=models.Q(("thread__isnull", True)),
                        fields=["created_at"],
                        name="attachment_orphans",
                    ),
                ],
            },
        ),
    ]
