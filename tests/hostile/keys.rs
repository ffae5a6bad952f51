//! Keys and values that strangers chose, as an audit tells of them.

use super::corpus;
use super::doors::{AUDIT, check_doors};
use super::fake::{Fake, Manner};
use crate::stage::{server, url};

/// Keys of each hostile name: enough for a family.
const BROTHERS: usize = 30;

#[tokio::test]
async fn names_and_values_of_keys() {
    let server = server(&[]).await;
    let mut connection = server.connect().await.unwrap();
    for (_, text) in corpus() {
        let mut pipeline = redis::pipe();
        for n in 0..BROTHERS {
            pipeline.cmd("SET").arg([&text[..], format!(":{n}").as_bytes()].concat()).arg(&text[..]).ignore();
        }
        // The largest of all, so that they are named one by one.
        let large = vec![text.clone(); 1 + 300_000 / text.len()].concat();
        pipeline.cmd("SET").arg(&text[..]).arg(large).ignore();
        pipeline.cmd("HSET").arg([b"hash:", &text[..]].concat()).arg(&text[..]).arg(&text[..]).ignore();
        pipeline.query_async::<()>(&mut connection).await.unwrap();
    }
    let quoted = check_doors(&AUDIT, &url(&server)).await;
    // In a table of families, and in one of keys.
    assert!(quoted.iter().all(|times| *times >= 2 * corpus().len()), "{quoted:?}");
}

/// Types, encodings and names that no real server has.
#[tokio::test]
async fn a_server_that_lies_about_its_keys() {
    for (name, words) in corpus() {
        let fake = Fake::start(words, Manner::Keys);
        let quoted = check_doors(&AUDIT, &fake.url()).await;
        assert!(quoted.iter().all(|times| *times > 0), "{name}: {quoted:?}");
    }
}
