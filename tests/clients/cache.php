<?php

require 'cache.php';

const READERS = 20;
define('VALUE', 'value of 7 ' . str_repeat('x', 5000));
define('LOADS', tempnam(sys_get_temp_dir(), 'loads'));

function check(bool $holds, string $what): void
{
    if (!$holds) {
        fwrite(STDERR, "$what\n");
        exit(1);
    }
}

/** A process loads for itself: what they did together stands in a file. */
function load(): string
{
    file_put_contents(LOADS, '.', FILE_APPEND | LOCK_EX);
    // Shorter than the lock lasts, a second at least: behind that each process loads for itself.
    usleep(500_000);
    return VALUE;
}

function loads(): int
{
    clearstatcache();
    return filesize(LOADS);
}

/** So many processes at once; what was put off until the end of a request is done when they have ended. */
function in_processes(int $count, callable $work): void
{
    $children = [];
    for ($n = 0; $n < $count; $n++) {
        $child = pcntl_fork();
        if ($child === 0) {
            $work();
            exit(0);
        }
        $children[] = $child;
    }
    foreach ($children as $child) {
        pcntl_waitpid($child, $status);
        check(pcntl_wexitstatus($status) === 0, 'a reader failed');
    }
}

$read = fn () => check((new Cache())->read('7', fn () => load()) === VALUE, 'another value');
$redis = new Redis();
try {
    $there = $redis->connect(getenv('REDIS_HOST'), (int) getenv('REDIS_PORT'), 1.0);
} catch (RedisException) {
    $there = false;
}
$locks = (new ReflectionClass('Cache'))->hasConstant('LOCK_MS');
$said = [];
in_processes($there && $locks ? READERS : 1, $read);
$said[] = loads();
in_processes(1, $read);
$said[] = loads();
in_processes(1, fn () => (new Cache())->changed('7'));
in_processes(1, $read);
$said[] = loads();
if ($there) {
    $class = new ReflectionClass('Cache');
    [$key, $ttl, $old] = [$class->getConstant('PREFIX') . '7', $class->getConstant('TTL_MS'), (int) getenv('OLD_MS')];
    $left = $redis->pttl($key);
    check($ttl - $class->getConstant('JITTER_MS') - 5000 < $left && $left <= $ttl, "it lives for $left ms");
    check($redis->keys('lock:*') === [], 'a lock was left');
    if ($old > 0) {
        // An entry that has grown old is served, and loaded once more after the answer.
        $before = loads();
        $redis->pexpire($key, $old - 1);
        in_processes(1, $read);
        check(loads() === $before + 1, 'it was renewed ' . (loads() - $before) . ' times');
        check($redis->pttl($key) >= $old, 'what was loaded was not stored');
    }
}
unlink(LOADS);
$said[] = $there ? 'stored' : 'lost';
echo implode(' ', $said), "\n";
