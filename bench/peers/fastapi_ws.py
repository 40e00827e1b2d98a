"""Example 4 of the requirements: a FastAPI WebSocket. It streams here what the example sends whole, by `send_json`."""

from __future__ import annotations

from fastapi import FastAPI, WebSocket, WebSocketDisconnect

from bench.peers.model import ask_of, tokens

app = FastAPI()


@app.websocket("/ws/chat/{session_id}")
async def chat(websocket: WebSocket, session_id: str) -> None:
    """One frame a token, then the example's `response`."""
    await websocket.accept()
    try:
        while True:
            message = await websocket.receive_json()
            for token in tokens(ask_of(message["text"])[0]):
                await websocket.send_json({"type": "delta", "text": token})
            await websocket.send_json({"type": "response"})
    except WebSocketDisconnect:
        return
