const { client, ready, read, changed } = require('./cache.cjs');

const check = (holds, what) => {
  if (!holds) throw new Error(what);
};

const VALUE = `value of 7 ${'x'.repeat(5000)}`;

(async () => {
  await ready;
  let loads = 0;
  const load = async (item) => {
    loads += 1;
    // Long against the time in which a thousand readers ask, on a busy machine too.
    await new Promise((go) => setTimeout(go, 2000));
    return VALUE;
  };
  const said = [];
  const values = new Set(await Promise.all(Array.from({ length: 1000 }, () => read(7, load))));
  check(values.size === 1 && values.has(VALUE), String(values.size));
  said.push(loads);
  check((await read(7, load)) === VALUE, 'read again');
  said.push(loads);
  await changed(7);
  check((await read(7, load)) === VALUE, 'read after a change');
  said.push(loads);
  try {
    const ask = (...words) => (client.call ? client.call(...words) : client.sendCommand(words));
    check((await ask('KEYS', 'lock:*')).length === 0, 'a lock was left');
    check((await ask('KEYS', 'cache:*:7')).length === 1, 'nothing was stored');
    const old = Number(process.env.OLD_MS);
    if (old) {
      // An entry that has grown old is served, and loaded once more.
      const [key] = (await ask('KEYS', 'cache:*:7')).map(String);
      const before = loads;
      await ask('PEXPIRE', key, String(old - 1));
      check((await read(7, load)) === VALUE, 'an old value is served');
      for (let n = 0; n < 1000 && (loads === before || (await ask('PTTL', key)) < old); n += 1) {
        await new Promise((go) => setTimeout(go, 20));
      }
      check(loads === before + 1, `it was not renewed once but ${loads - before} times`);
    }
    said.push('stored');
  } catch (error) {
    if (/left|stored|served|renewed/.test(error.message)) throw error;
    said.push('lost');
  }
  console.log(said.join(' '));
  process.exit(0);
})();
