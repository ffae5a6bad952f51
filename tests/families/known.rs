//! Families whose patterns are known, for tests and for the corpora of `make corpora`.

use std::collections::BTreeSet;

/// A generator of our own (xorshift64*: Vigna, 2016): the same numbers in every run.
pub struct Random(pub u64);

impl Random {
    pub fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 11
    }

    pub fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }

    fn one_of<'a, T>(&mut self, all: &'a [T]) -> &'a T {
        let at = self.below(all.len() as u64) as usize;
        all.get(at).unwrap_or_else(|| unreachable!("a number below the length"))
    }

    pub fn text(&mut self, alphabet: &str, length: usize) -> String {
        let letters = alphabet.as_bytes();
        (0..length).map(|_| char::from(*self.one_of(letters))).collect()
    }

    pub fn hex(&mut self, length: usize) -> String {
        self.text("0123456789abcdef", length)
    }

    pub fn uuid(&mut self) -> String {
        [8, 4, 4, 4, 12].map(|length| self.hex(length)).join("-")
    }

    /// A name that people give: sounds, no word of a schema.
    pub fn person(&mut self) -> String {
        let sounds = ["ba", "lo", "mi", "ter", "san", "ko", "ri", "den", "fu", "ga", "na", "wes", "to", "el"];
        (0..3).map(|_| *self.one_of(&sounds)).collect()
    }

    pub fn slug(&mut self) -> String {
        let words = 2 + self.below(4);
        (0..words).map(|_| self.person()).collect::<Vec<_>>().join("-")
    }

    pub fn date(&mut self) -> String {
        format!("20{:02}-{:02}-{:02}", 10 + self.below(17), 1 + self.below(12), 1 + self.below(28))
    }

    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for at in (1..items.len()).rev() {
            items.swap(at, self.below(at as u64 + 1) as usize);
        }
    }
}

const BASE32: &str = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const BASE36: &str = "0123456789abcdefghijklmnopqrstuvwxyz";
const BASE62: &str = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const BASE64: &str = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz+/";
const BASE64URL: &str = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-_";

pub type Make = fn(&mut Random) -> String;

/// The families of the corpus: the pattern that is to be found, how often we try to make a key, and how one is made.
#[rustfmt::skip]
pub const KNOWN: &[(&str, usize, Make)] = &[
    ("user:*",                       20_000, |r| format!("user:{}", r.below(1_000_000))),
    ("user:*:profile",               15_000, |r| format!("user:{}:profile", r.below(1_000_000))),
    ("user:*:prefs",                  5_000, |r| format!("user:{}:prefs", r.person())),
    ("session:*",                    20_000, |r| format!("session:{}", r.uuid())),
    ("app:v1:session:*",              2_000, |r| format!("app:v1:session:{}", r.text(BASE32, 26))),
    ("app:v2:session:*",              8_000, |r| format!("app:v2:session:{}", r.text(BASE32, 26))),
    ("app:v2:token:*",                5_000, |r| format!("app:v2:token:{}", r.text(BASE64URL, 21))),
    ("cache:page:/products/*/reviews",3_000, |r| format!("cache:page:/products/{}/reviews", r.below(90_000))),
    ("cache:page:/blog/*",            3_000, |r| format!("cache:page:/blog/{}", r.slug())),
    ("cache:sha1:*",                  3_000, |r| format!("cache:sha1:{}", r.hex(40))),
    ("cache:etag:*",                  2_000, |r| format!("cache:etag:{}", r.hex(32).to_uppercase())),
    ("metrics:eu-west:cpu:*",         1_000, |r| format!("metrics:eu-west:cpu:{}", 1_700_000_000 + r.below(9_999_999))),
    ("metrics:us-east:cpu:*",         1_000, |r| format!("metrics:us-east:cpu:{}", 1_700_000_000 + r.below(9_999_999))),
    ("{user*}.cart",                 10_000, |r| format!("{{user{}}}.cart", r.below(500_000))),
    ("{*}:lines",                     4_000, |r| format!("{{{}}}:lines", r.below(500_000))),
    ("*:orders:*",                   10_000, |r| format!("{}:orders:{}", r.person(), r.below(90_000))),
    ("mail:*:inbox",                  2_000, |r| format!("mail:{}.{}@mail{}.example.com:inbox", r.person(), r.person(), r.below(9))),
    ("ip:*:hits",                     4_000, |r| format!("ip:{}.{}.{}.{}:hits", r.below(256), r.below(256), r.below(256), r.below(256))),
    ("ip6:*",                         2_000, |r| format!("ip6:2001:db8:{}::{}", r.hex(4), r.hex(3))),
    ("stats:daily:*",                 2_000, |r| format!("stats:daily:{}", r.date())),
    ("stats:hourly:*",                3_000, |r| format!("stats:hourly:{}T{:02}:00", r.date(), r.below(24))),
    ("ts:sensor:*:*",                 8_000, |r| format!("ts:sensor:{}:{}", r.below(300), 1_700_000_000_000 + r.below(9_999_999_999))),
    ("geo:*,*",                       2_000, |r| format!("geo:{}.{},{}", r.below(180) as i64 - 90, r.below(9_999), r.below(360) as i64 - 180)),
    ("rate_limit:api:*",              3_000, |r| format!("rate_limit:api:{}==", r.text(BASE64, 22))),
    ("lock:order-*",                  3_000, |r| format!("lock:order-{}", r.below(90_000))),
    ("shard-*:stats:*",               3_000, |r| format!("shard-{:02}:stats:{}", r.below(16), r.below(90_000))),
    ("page*:html",                    2_000, |r| format!("page{}:html", r.below(90_000))),
    ("user_*",                        3_000, |r| format!("user_{}", r.below(90_000))),
    ("app.cache.*",                   3_000, |r| format!("app.cache.{}", r.below(90_000))),
    ("app.settings.*",                2_000, |r| format!("app.settings.{}", r.person())),
    ("a/b/*",                         2_000, |r| format!("a/b/{}", r.below(90_000))),
    ("feature|beta|*",                1_000, |r| format!("feature|beta|{}", r.below(90_000))),
    ("feature|dark-mode|*",           1_000, |r| format!("feature|dark-mode|{}", r.below(90_000))),
    ("order#*",                       3_000, |r| format!("order#{}", r.text(BASE62, 27))),
    ("job:*",                         3_000, |r| format!("job:c{}", r.text(BASE36, 24))),
    ("img:*",                         4_000, |r| format!("img:{}", r.hex(6))),
    ("video:*",                       4_000, |r| format!("video:{}", r.text(BASE64URL, 11))),
    ("code:*",                        4_000, |r| format!("code:{}", r.text(BASE36, 8))),
    ("blog:*:*",                      4_000, |r| format!("blog:{}:{}", r.person(), r.slug())),
    ("caf\u{e9}:*",                   1_000, |r| format!("caf\u{e9}:{}", r.below(90_000))),
    ("q\\[*\\]\\*:*",                 1_000, |r| format!("q[{}]*:{}", r.below(90), r.below(90_000))),
    ("maintenance",                       1, |_| "maintenance".into()),
    ("config:app:limits",                 1, |_| "config:app:limits".into()),
    ("lb:global",                         1, |_| "lb:global".into()),
];

/// Names with the place of their family in [`KNOWN`], `times` as many as it says.
pub fn corpus(seed: u64, times: usize) -> Vec<(String, usize)> {
    let mut random = Random(seed);
    let mut names = BTreeSet::new();
    for (family, (_, keys, make)) in KNOWN.iter().enumerate() {
        names.extend((0..tries(*keys, times)).map(|_| (make(&mut random), family)));
    }
    names.into_iter().collect()
}

/// Keys that are alone stay alone.
fn tries(keys: usize, times: usize) -> usize {
    if keys == 1 { 1 } else { keys * times }
}
