async def transcribe(o: str, d: bytes, m: str) -> str:
    return ""
