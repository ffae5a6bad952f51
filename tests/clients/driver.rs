//! Drives the code for redis-rs as `cache.py` and `cache.cjs` drive theirs.

mod cache;

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};
use std::{env, thread};

use cache::{Cache, Load, PREFIX};

fn main() {
    let url = env::var("REDIS_URL").unwrap();
    let old: i64 = env::var("OLD_MS").unwrap().parse().unwrap();
    let cache = Cache::new(&url).unwrap();
    let count = Arc::new(AtomicU32::new(0));
    let counted = Arc::clone(&count);
    let load: Load = Arc::new(move |item| {
        counted.fetch_add(1, Ordering::SeqCst);
        // Long against the time in which a thousand threads start.
        thread::sleep(Duration::from_millis(1500));
        Ok(format!("value of {item} {}", "x".repeat(5_000)).into_bytes())
    });
    let loads = || count.load(Ordering::SeqCst);
    let read = || cache.read("7", &load).unwrap();
    let mut said = Vec::new();
    let values: HashSet<Vec<u8>> = thread::scope(|scope| {
        let readers: Vec<_> = (0..1000).map(|_| scope.spawn(read)).collect();
        readers.into_iter().map(|reader| reader.join().unwrap()).collect()
    });
    assert!(values.len() == 1 && values.iter().all(|value| value.starts_with(b"value of 7 xxx")));
    said.push(loads().to_string());
    assert!(read().starts_with(b"value of 7 xxx"));
    said.push(loads().to_string());
    cache.changed("7");
    read();
    said.push(loads().to_string());
    let key = format!("{PREFIX}7");
    let connection = redis::Client::open(url).unwrap().get_connection();
    if let Ok(mut connection) = connection {
        let left: i64 = redis::cmd("PTTL").arg(&key).query(&mut connection).unwrap();
        assert!(left > 0, "{left}");
        let locks: Vec<String> = redis::cmd("KEYS").arg("lock:*").query(&mut connection).unwrap();
        assert!(locks.is_empty(), "{locks:?}");
        if old > 0 {
            redis::cmd("PEXPIRE").arg(&key).arg(old - 1).query::<i64>(&mut connection).unwrap();
            let before = loads();
            assert!(read().starts_with(b"value of 7 xxx"));
            let start = Instant::now();
            while loads() == before || redis::cmd("PTTL").arg(&key).query::<i64>(&mut connection).unwrap() < old {
                assert!(start.elapsed() < Duration::from_secs(30), "it was not renewed");
                thread::sleep(Duration::from_millis(20));
            }
            assert_eq!(loads(), before + 1);
        }
        said.push("stored".to_owned());
    } else {
        said.push("lost".to_owned());
    }
    println!("{}", said.join(" "));
}
