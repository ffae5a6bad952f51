const { client, ready, read, changed } = require('./cache.cjs');

const check = (holds, what) => {
  if (!holds) throw new Error(what);
};

(async () => {
  await ready;
  let loads = 0;
  const load = async (item) => {
    loads += 1;
    await new Promise((go) => setTimeout(go, 50));
    return `value of ${item}`;
  };
  const said = [];
  const values = new Set(await Promise.all(Array.from({ length: 1000 }, () => read(7, load))));
  check(values.size === 1 && values.has('value of 7'), [...values].join());
  said.push(loads);
  check((await read(7, load)) === 'value of 7', 'read again');
  said.push(loads);
  await changed(7);
  check((await read(7, load)) === 'value of 7', 'read after a change');
  said.push(loads);
  try {
    const ask = (...words) => (client.call ? client.call(...words) : client.sendCommand(words));
    check((await ask('KEYS', 'lock:*')).length === 0, 'a lock was left');
    check((await ask('KEYS', 'cache:*:7')).length === 1, 'nothing was stored');
    said.push('stored');
  } catch (error) {
    if (error.message.includes('left') || error.message.includes('stored')) throw error;
    said.push('lost');
  }
  console.log(said.join(' '));
  process.exit(0);
})();
