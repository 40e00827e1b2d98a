"""Attachments: announced, stored, seen, linked to a message, deleted. Sync verbs, to be called by `db()` or in a view.

Whose a file is, is decided here; where its bytes lie is `files.py`'s business, what they are `media.py`'s, and who may see
a picture or upload without a credential `links.py`'s. What models and encoders ask of many files at once is in `attached.py`.
"""

from __future__ import annotations

import io
from collections.abc import Iterable
from dataclasses import dataclass
from typing import IO

from django.db import IntegrityError, transaction
from django.db.models import QuerySet

from chat_app.chat import files, media, policy
from chat_app.chat.attached import info_of
from chat_app.chat.attached import infos as infos
from chat_app.chat.attached import parts as parts
from chat_app.chat.media import data_url as data_url
from chat_app.conf import limit
from chat_app.domain.errors import ChatError, InvalidInput, NotFound, RateLimited, TooLarge
from chat_app.domain.shapes import AttachmentInfo
from chat_app.models import Attachment
from chat_app.models.attachment import place
from sessions_app.principal import Principal

_UPLOADED = "This file was uploaded already."


class AlreadyUsed(ChatError):
    """What can be done once was done: its bytes have come, or a message holds it."""

    code = "already_used"
    default_detail = "This file is part of a message already."


@dataclass(frozen=True, slots=True)
class Opened:
    """A file's bytes, to be read and closed."""

    info: AttachmentInfo
    stream: IO[bytes]


def room(principal: Principal) -> None:
    """Raises Forbidden for who may not chat, RateLimited where too many files of this owner wait for a message."""
    policy.may_chat(principal)
    if _unused_up_to_limit(principal.owner) >= limit("ATTACHMENTS_UNUSED"):
        raise _too_many()


def create(principal: Principal, name: str, size: int, mime_type: str) -> AttachmentInfo:
    """Announce a file of `size` bytes, which is to be uploaded within half an hour: it is pending until then.

    Raises InvalidInput, TooLarge, Forbidden, RateLimited. Not to be called inside a transaction: the count of an owner's
    unused files is taken after the row is there for all to see, so that no number of calls at once gets past the limit.
    """
    name, declared = media.clean_name(name), media.media_type(mime_type)
    if size < 0:
        raise InvalidInput(fields={"size": ["A number of bytes."]})
    _may_weigh(size)
    room(principal)
    row = Attachment.objects.create(
        owner=principal.owner, name=name, mime_type=declared, kind=media.kind_of(declared), size=size
    )
    if _unused_up_to_limit(principal.owner) > limit("ATTACHMENTS_UNUSED"):
        row.delete()
        raise _too_many()
    return info_of(row)


def awaited(attachment_id: str) -> None:
    """Whether a file still waits for its bytes, before anybody sends them. Raises NotFound, AlreadyUsed."""
    if _found(None, attachment_id).state != "pending":
        raise AlreadyUsed(_UPLOADED)


def save(
    principal: Principal | None, attachment_id: str | None, name: str, mime_type: str, stream: IO[bytes]
) -> AttachmentInfo:
    """Store the bytes of a stream that can be sought in, from its beginning, and say what they are.

    With an id they belong to the pending file of that id; without a principal the caller has checked a signed link. Empty
    `name` and `mime_type` leave what was announced. Without an id the principal gets a new file. Raises NotFound,
    AlreadyUsed for a second upload, InvalidInput for an empty one, TooLarge, Unavailable where nothing can be stored.
    """
    size = stream.seek(0, io.SEEK_END)
    if size == 0:
        raise InvalidInput(fields={"file": ["The file is empty."]})
    _may_weigh(size)
    if attachment_id is not None:
        return _fill(_found(principal, attachment_id), name, mime_type, stream, size)
    if principal is None:
        raise NotFound
    made = create(principal, name, size, mime_type)
    return _fill_or_drop(Attachment.objects.get(pk=made.id), stream, size)


def keep(owner: str, thread_id: str | None, name: str, data: bytes, mime_type: str) -> AttachmentInfo:
    """Store a file that an answer made, in its thread. Raises TooLarge, InvalidInput, Unavailable; NotFound where the thread
    is gone."""
    _may_weigh(len(data))
    row = Attachment(
        owner=owner, thread_id=thread_id, name=media.clean_name(name), mime_type=mime_type, generated=True
    )
    try:
        with transaction.atomic():
            row.save(force_insert=True)
    except IntegrityError:
        raise NotFound from None
    return _fill_or_drop(row, io.BytesIO(data), len(data))


def get(principal: Principal, attachment_id: str) -> AttachmentInfo:
    """A file of this principal's as it stands. Raises NotFound."""
    return info_of(_found(principal, attachment_id))


def download(principal: Principal, attachment_id: str) -> Opened:
    """A file of this principal's with its bytes. Raises NotFound, for one without bytes too."""
    return _opened(_found(principal, attachment_id))


def picture(attachment_id: str) -> Opened:
    """A picture with its bytes, for who has a signed link to it. Raises NotFound for whatever is no picture."""
    row = _found(None, attachment_id)
    if row.kind != "image":
        raise NotFound
    return _opened(row)


def delete(principal: Principal, attachment_id: str) -> None:
    """Delete a file that no message holds, bytes and all. Raises NotFound, AlreadyUsed."""
    with transaction.atomic():
        row = _found(principal, attachment_id, lock=True)
        if row.item_id is not None or row.thread_id is not None:
            raise AlreadyUsed
        row.delete()


def usable(principal: Principal, ids: Iterable[str]) -> list[AttachmentInfo]:
    """The files that a new message of this principal's may hold, in order, each once. Raises NotFound for one that is not
    there or not theirs, InvalidInput (`attachments`) for too many, one that is not uploaded yet or is used already."""
    wanted = list(dict.fromkeys(ids))
    most = limit("ATTACHMENTS_A_MESSAGE")
    if len(wanted) > most:
        raise _not_usable(f"A message can hold {most} files at most.")
    found = {row.pk: row for row in Attachment.objects.filter(pk__in=wanted)} if wanted else {}
    for attachment_id in wanted:
        row = found.get(attachment_id)
        if row is None or row.owner != principal.owner:
            raise NotFound
        if row.state != "ready":
            raise _not_usable(f"{row.name} has not been uploaded yet.")
        if row.item_id is not None or row.thread_id is not None:
            raise _not_usable(f"{row.name} is part of a message already.")
    return [info_of(found[attachment_id]) for attachment_id in wanted]


def link(ids: Iterable[str], thread_id: str | None, item_id: str) -> None:
    """Make usable files part of a message, inside the transaction that stores it. Raises InvalidInput where another message
    took one of them, or its owner deleted it, since they were found usable."""
    wanted = set(ids)
    if not wanted:
        return
    rows = Attachment.objects.filter(pk__in=wanted, state="ready", item__isnull=True, thread__isnull=True)
    if rows.update(thread_id=thread_id, item_id=item_id) != len(wanted):
        raise _not_usable("One of the files is part of another message, or no longer there.")


def _found(principal: Principal | None, attachment_id: str, *, lock: bool = False) -> Attachment:
    rows = Attachment.objects.select_for_update(no_key=True) if lock else Attachment.objects.all()
    row = rows.filter(pk=attachment_id).first()
    if row is None or (principal is not None and row.owner != principal.owner):
        raise NotFound
    return row


def _fill(row: Attachment, name: str, mime_type: str, stream: IO[bytes], size: int) -> AttachmentInfo:
    """Give a pending row its bytes. Its place is written down first: whatever happens, the chores find them by it."""
    stream.seek(0)
    kind = media.sniff(stream.read(media.HEAD), mime_type or row.mime_type)
    called = media.clean_name(name) if name else row.name
    here = place(row, called)
    pending = Attachment.objects.filter(pk=row.pk, state="pending")
    if not pending.filter(file="").update(file=here):
        raise AlreadyUsed(_UPLOADED)
    stream.seek(0)
    try:
        there = files.put(here, stream)
    except Exception:
        pending.update(file="")
        raise
    told = {"name": called, "mime_type": kind, "kind": media.kind_of(kind), "size": size}
    if not pending.update(file=there, state="ready", **told):
        files.remove(there)  # deleted while it was uploaded
        raise NotFound
    row.refresh_from_db()
    return info_of(row)


def _fill_or_drop(row: Attachment, stream: IO[bytes], size: int) -> AttachmentInfo:
    try:
        return _fill(row, "", "", stream, size)
    except Exception:
        Attachment.objects.filter(pk=row.pk).delete()
        raise


def _opened(row: Attachment) -> Opened:
    stream = files.opened(str(row.file)) if row.state == "ready" else None
    if stream is None:
        raise NotFound
    return Opened(info_of(row), stream)


def _may_weigh(size: int) -> None:
    most = limit("MAX_ATTACHMENT")
    if size > most:
        raise TooLarge(f"A file may have {most / 1_048_576:.4g} MiB at most.")


def _unused(owner: str) -> QuerySet[Attachment]:
    return Attachment.objects.filter(owner=owner, thread__isnull=True, item__isnull=True, generated=False)


def _unused_up_to_limit(owner: str) -> int:
    return _unused(owner).order_by().values("pk")[: limit("ATTACHMENTS_UNUSED") + 1].count()


def _too_many() -> RateLimited:
    return RateLimited("Too many files wait to be sent with a message; send or remove some first.")


def _not_usable(sentence: str) -> InvalidInput:
    return InvalidInput(sentence, fields={"attachments": [sentence]})
