//! Families on a corpus whose truth is known, on hostile names, and in any order.

mod known;

use std::collections::BTreeMap;

use godmode_redis::families::{Families, Merge, Settled, glob};

use known::{KNOWN, Random, corpus};

/// How many keys of each true family a family holds.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
struct Truth(BTreeMap<usize, u64>);

impl Merge for Truth {
    fn merge(&mut self, other: Self) {
        for (family, keys) in other.0 {
            *self.0.entry(family).or_default() += keys;
        }
    }
}

fn found(names: &[(String, usize)]) -> Settled<Truth> {
    let mut families = Families::<Truth>::new(10_000);
    for (name, family) in names {
        *families.of(name.as_bytes()).0.entry(*family).or_default() += 1;
    }
    families.settle()
}

fn is_known(names: &[(String, usize)]) {
    let settled = found(names);
    let mut expected = BTreeMap::<String, Truth>::new();
    for (_, family) in names {
        *expected.entry(KNOWN[*family].0.into()).or_default().0.entry(*family).or_default() += 1;
    }
    let got: BTreeMap<String, Truth> =
        settled.families.iter().map(|family| (family.pattern.clone(), family.payload.clone())).collect();
    let strays: Vec<_> = got.iter().filter(|(pattern, truth)| expected.get(*pattern) != Some(truth)).collect();
    let lost: Vec<_> = expected.iter().filter(|(pattern, truth)| got.get(*pattern) != Some(truth)).collect();
    assert!(strays.is_empty() && lost.is_empty(), "found {strays:?}\nbut expected {lost:?}");
    assert_eq!(settled.overflow, None);
}

#[test]
fn known_families_are_found_exactly_in_any_order() {
    for seed in [7, 2_026] {
        let mut names = corpus(seed, 1);
        is_known(&names);
        names.reverse();
        is_known(&names);
        Random(99).shuffle(&mut names);
        is_known(&names);
    }
}

#[test]
fn an_identifier_that_reads_like_a_word_comes_home_to_those_of_its_length() {
    let mut random = Random(5);
    let ids = (0..500).map(|_| {
        format!("video:{}", random.text("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789", 11))
    });
    let mut names: Vec<(String, usize)> = ids.map(|name| (name, 0)).collect();
    names.extend(["awsnucoz-v3", "V9_8QV_O1A6", "config-v3"].map(|word| (format!("video:{word}"), 1)));
    let families: BTreeMap<String, u64> =
        found(&names).families.into_iter().map(|family| (family.pattern, family.keys)).collect();
    let words = [("video:config-v3".to_owned(), 1)];
    assert_eq!(families, BTreeMap::from_iter([("video:*".to_owned(), 502)].into_iter().chain(words)));
}

#[test]
fn every_pattern_matches_all_keys_of_its_family() {
    for (name, family) in corpus(11, 1) {
        assert!(glob::matches(KNOWN[family].0.as_bytes(), name.as_bytes()), "{} {name}", KNOWN[family].0);
    }
}

/// A thin corpus, as a sample of a server gives it, and other seeds.
#[test]
fn few_keys_of_each_are_enough() {
    for seed in 1..=10 {
        let mut random = Random(seed);
        let mut names = corpus(seed * 31, 1);
        random.shuffle(&mut names);
        // One in ten, and the keys that are alone.
        let names: Vec<_> =
            names.into_iter().filter(|(_, family)| random.below(10) == 0 || KNOWN[*family].1 == 1).collect();
        is_known(&names);
    }
}

#[derive(Debug, Default, Clone, PartialEq, Eq)]
struct Keys(u64);

impl Merge for Keys {
    fn merge(&mut self, other: Self) {
        self.0 += other.0;
    }
}

fn settle<N: AsRef<[u8]>>(limit: usize, names: impl IntoIterator<Item = N>) -> Settled<Keys> {
    let mut families = Families::<Keys>::new(limit);
    names.into_iter().for_each(|name| families.of(name.as_ref()).0 += 1);
    families.settle()
}

fn patterns(settled: &Settled<Keys>) -> Vec<&str> {
    settled.families.iter().map(|family| family.pattern.as_str()).collect()
}

/// Names of a random grammar: words of few and of many kinds, numbers and hashes, parted in random ways.
fn invented(random: &mut Random) -> Vec<String> {
    let mut names = Vec::new();
    for _ in 0..1 + random.below(6) {
        let parts: Vec<(u64, u64)> =
            (0..1 + random.below(4)).map(|_| (random.below(6), 1 + random.below(120))).collect();
        let separator = [":", "/", ".", "_", "|"][random.below(5) as usize];
        for _ in 0..random.below(1_500) {
            let part = |(kind, many): &(u64, u64)| match kind {
                0 => random.below(many * 100).to_string(),
                1 => random.hex(12),
                2 => format!("v{}", random.below(many / 6 + 1)),
                3 => format!("node{}", random.below(*many)),
                _ => format!(
                    "w{}",
                    ["a", "b", "c", "d", "e", "f", "g", "h"]
                        .map(|l| l.repeat((random.below(many / 40 + 2)) as usize))
                        .concat()
                ),
            };
            names.push(parts.iter().map(part).collect::<Vec<_>>().join(separator));
        }
    }
    names
}

#[test]
fn the_order_of_names_does_not_matter() {
    let mut random = Random(4_711);
    for _ in 0..60 {
        let mut names = invented(&mut random);
        names.sort();
        names.dedup();
        let sorted = settle(100_000, &names);
        names.reverse();
        assert_eq!(settle(100_000, &names).families, sorted.families);
        random.shuffle(&mut names);
        assert_eq!(settle(100_000, &names).families, sorted.families);
        for name in &names {
            let homes =
                sorted.families.iter().filter(|family| glob::matches(family.pattern.as_bytes(), name.as_bytes()));
            assert!(homes.count() > 0, "{name} is in none of {:?}", patterns(&sorted));
        }
        assert_eq!(sorted.families.iter().map(|family| family.payload.0).sum::<u64>(), names.len() as u64);
    }
}

#[test]
fn hostile_names_are_matched_by_a_printable_pattern() {
    let long = [b"doc:".as_slice(), &[b'x'; 65_536]].concat();
    let cases: [(&[u8], &str); 17] = [
        (b"", ""),
        (b":::", ":::"),
        (b"user:\xff\xfe:1", "user:*"),
        (b"a\nb", "*"),
        (b"log:\x1b[31mred", "log:*"),
        (b"a*b?c", "a\\*b\\?c"),
        (b"[x]^\\", "\\[x\\]\\^\\\\"),
        (b"\xc3\x28", "*"),
        (&long, "doc:*"),
        (b"-", "-"),
        (b"a:-5", "a:*"),
        (b"{}", "{}"),
        (b"\x00", "*"),
        (b"caf\xc3\xa9:tables", "caf\u{e9}:tables"),
        (b"a:b:c:d:e:f:g:h:i:j:k:l:m:n:o:p:q:r:s", "a:b:c:d:e:f:g:h:i:j:k:l:m:n:o:p:*"),
        (b"v3", "v3"),
        (b"550e8400-e29b-41d4-a716-446655440000", "*"),
    ];
    for (name, pattern) in cases {
        let settled = settle(100, [name]);
        assert_eq!(patterns(&settled), [pattern], "{}", String::from_utf8_lossy(name));
        assert!(glob::matches(pattern.as_bytes(), name), "{pattern}");
        assert!(!settled.families[0].shown().to_string().chars().any(char::is_control));
    }
}

#[test]
fn random_names_stay_a_few_groups_and_hide_no_family() {
    let mut random = Random(5);
    let bytes: Vec<u8> = (0..=255).collect();
    let print: String = (33..127_u8).map(char::from).collect();
    let mut families = Families::<Keys>::new(1_000);
    for _ in 0..250_000 {
        let length = 1 + random.below(30) as usize;
        let name: Vec<u8> = (0..length).map(|_| bytes[random.below(256) as usize]).collect();
        let printable = random.text(&print, length);
        let letters = random.text("abcdefghijklmnopqrstuvwxyz", length);
        for name in [&name, printable.as_bytes(), letters.as_bytes(), format!("user:{}:cart", random.next()).as_bytes()]
        {
            families.of(name).0 += 1;
        }
    }
    let settled = families.settle();
    let rest = settled.overflow.as_ref().expect("there is no room for all");
    let keys: u64 = settled.families.iter().map(|family| family.payload.0).sum();
    assert_eq!(keys + rest.payload.0, 1_000_000);
    assert!(settled.families.len() < 1_000, "{} families", settled.families.len());
    let cart = settled.families.iter().find(|family| family.pattern == "user:*:cart").expect("the family is there");
    assert_eq!(cart.keys, 250_000);
}

#[test]
fn many_names_make_a_star_and_few_words_stay() {
    let mut names: Vec<String> = (0..300).map(|n| format!("{}:orders:{}", Random(n + 1).person(), n)).collect();
    names.extend((0..300).flat_map(|n| ["users", "teams"].map(|entity| format!("shop:{entity}:{n}"))));
    names.extend(
        (0..120).flat_map(|n| (0..20).map(move |id| format!("{}:{id}", Random(n * 7 + 1).text("klmnopqrst", 9)))),
    );
    let settled = settle(10_000, &names);
    let found = patterns(&settled);
    for pattern in ["*:orders:*", "shop:users:*", "shop:teams:*"] {
        assert!(found.contains(&pattern), "{pattern} is not in {found:?}");
    }
    // Where a star would leave no word, types with many keys keep their names.
    assert_eq!(found.iter().filter(|pattern| pattern.matches(':').count() == 1).count(), 120);
}

#[test]
fn families_roll_up_by_their_levels() {
    let names = (0..40).flat_map(|n| {
        [format!("app:session:{n}"), format!("app:user:{n}:cart"), format!("app:user:{n}:name"), format!("lock:{n}")]
    });
    let settled = settle(100, names);
    let tree = settled.tree();
    let shown: Vec<_> = tree.iter().map(|branch| (branch.pattern.as_str(), branch.keys, branch.families)).collect();
    assert_eq!(shown, [("app:*", 120, 3), ("lock:*", 40, 1)]);
    let app: Vec<_> = tree[0].below.iter().map(|branch| (branch.pattern.as_str(), branch.payload.0)).collect();
    assert_eq!(app, [("app:session:*", 40), ("app:user:*:*", 80)]);
    assert_eq!(tree[0].below[1].below.len(), 2);
}

#[test]
fn the_convention_is_service_entity_identifier() {
    let cases = [
        ("shop:cart:17", true),
        ("shop:cart:17:items", true),
        ("shop:{cart}:17", true),
        ("shop:user_profile:17", true),
        ("cart:17", false),
        ("17:cart:shop", false),
        ("Shop:cart:17", false),
        ("shop:cart", false),
        ("shop/cart/17", false),
        ("shop::17", false),
        ("shop:cart:", false),
        ("user_17", false),
    ];
    for (name, follows) in cases {
        let settled = settle(10, [name]);
        assert_eq!(settled.families[0].follows_convention(), follows, "{name} is {:?}", patterns(&settled));
    }
}
