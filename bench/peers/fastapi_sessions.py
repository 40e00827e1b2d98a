"""Example 7 of the requirements: sessions and chat on FastAPI and SQLAlchemy, as its author plainly meant.

The example names a security class that does not exist and a `db` that it never makes: here the class is the one that
FastAPI has, and the database session is made for each request, on the SQLite file that the environment names. Like the
example, it stores sessions and no message.
"""

from __future__ import annotations

import os
import uuid
from datetime import datetime, timedelta

from fastapi import Depends, FastAPI, HTTPException
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from sqlalchemy import DateTime, String, create_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, sessionmaker

from bench.peers.model import ask_of, whole


class Base(DeclarativeBase):
    """The tables of this file."""


class ChatSession(Base):
    """A session that a backend asked for."""

    __tablename__ = "chat_sessions"

    id: Mapped[str] = mapped_column(String, primary_key=True)
    user_id: Mapped[str] = mapped_column(String, index=True)
    created_at: Mapped[datetime] = mapped_column(DateTime, default=datetime.utcnow)
    expires_at: Mapped[datetime] = mapped_column(DateTime)
    model: Mapped[str] = mapped_column(String, default="default")


engine = create_engine(os.environ["PEER_DATABASE"])
Base.metadata.create_all(engine)
Database = sessionmaker(engine)
app = FastAPI()
bearer = HTTPBearer()


def verify(credentials: HTTPAuthorizationCredentials = Depends(bearer)) -> str:  # noqa: B008
    """The backend's key, or 401."""
    if credentials.credentials != os.environ["BACKEND_KEY"]:
        raise HTTPException(status_code=401, detail="Invalid credentials")
    return credentials.credentials


@app.post("/api/sessions")
async def create_session(user_id: str, model: str = "default", auth: str = Depends(verify)) -> dict[str, str]:
    """A session of an hour."""
    row = ChatSession(
        id=str(uuid.uuid4()),
        user_id=user_id,
        expires_at=datetime.utcnow() + timedelta(hours=1),
        model=model,
    )
    answer = {"session_id": row.id, "expires_at": row.expires_at.isoformat(), "model": model}
    with Database() as db:
        db.add(row)
        db.commit()
    return answer


@app.post("/api/chat")
async def chat(session_id: str, message: str) -> dict[str, str]:
    """The model's whole answer to one message of a live session."""
    with Database() as db:
        row = db.query(ChatSession).filter_by(id=session_id).first()
    if row is None or row.expires_at < datetime.utcnow():
        raise HTTPException(status_code=401, detail="Session invalid")
    return {"response": await whole(ask_of(message)[0])}
