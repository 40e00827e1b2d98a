"""The log of turns that all workers share: Redis Streams, one for each turn, written in pipelines that the engine never waits
for, read by one blocking reader for the process.

Redis holds it for minutes. What is to last is in the rows: there the text is checkpointed, and there a turn ends.
"""

from chat_app.streaming.redis_log.log import RedisLog

__all__ = ["RedisLog"]
