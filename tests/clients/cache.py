import asyncio

import cache

loads = 0


async def load(item):
    global loads
    loads += 1
    await asyncio.sleep(0.05)
    return b"value of %d" % item


async def main():
    said = []
    values = await asyncio.gather(*[cache.read(7, load) for _ in range(1000)])
    assert set(values) == {b"value of 7"}, set(values)
    said.append(loads)
    assert await cache.read(7, load) == b"value of 7"
    said.append(loads)
    await cache.changed(7)
    assert await cache.read(7, load) == b"value of 7"
    said.append(loads)
    try:
        left = await cache.client.pttl(cache.PREFIX + "7")
        assert cache.TTL_MS - cache.JITTER_MS - 5000 < left <= cache.TTL_MS, left
        assert await cache.client.keys("lock:*") == []
        said.append("stored")
    except cache.RedisError:
        said.append("lost")
    print(*said)


asyncio.run(main())
