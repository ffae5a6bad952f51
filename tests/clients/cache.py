import asyncio
import os

import cache

loads = 0
VALUE = b"value of 7 " + b"x" * 5000


async def load(item):
    global loads
    loads += 1
    # Long against the time in which a thousand readers ask, on a busy machine too.
    await asyncio.sleep(2)
    return VALUE


async def renewed(key, old):
    """An entry that has grown old is served, and loaded once more."""
    before = loads
    await cache.client.pexpire(key, old - 1)
    assert await cache.read(7, load) == VALUE
    for _ in range(1000):
        if loads > before and await cache.client.pttl(key) >= old:
            break
        await asyncio.sleep(0.02)
    assert loads == before + 1, loads


async def main():
    said = []
    values = await asyncio.gather(*[cache.read(7, load) for _ in range(1000)])
    assert set(values) == {VALUE}
    said.append(loads)
    assert await cache.read(7, load) == VALUE
    said.append(loads)
    await cache.changed(7)
    assert await cache.read(7, load) == VALUE
    said.append(loads)
    try:
        key, old = cache.PREFIX + "7", int(os.environ["OLD_MS"])
        left = await cache.client.pttl(key)
        assert cache.TTL_MS - cache.JITTER_MS - 5000 < left <= cache.TTL_MS, left
        assert await cache.client.keys("lock:*") == []
        if old:
            await renewed(key, old)
        said.append("stored")
    except cache.RedisError:
        said.append("lost")
    print(*said)


asyncio.run(main())
