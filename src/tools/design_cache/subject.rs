//! What is cached, in a word or two, for the title and the key pattern.

/// Words that end a name: what links, counts, measures or does.
const NO_NOUNS: &str = "a about ad after all also an and any are as aside at be before behind below between billion budget but by \
    bytes can data db design do each every few for from gb get gets goal has have hit how i in into is it item items just kb key \
    keys large latency layer like low make many mb median memory million min minutes most ms much must my need not of on one only \
    or our per plan please policy queries ram ratio read reader readers reads redis say second seconds server should size skew \
    slow small so some stale strategy system that the them then these they thing things this those thousand to traffic ttl \
    typical up use uses using valkey value values very want we what where which with write writer writes you your zipf";
/// What may stand between "cache" and the name.
const LINKS: &str = "a about all an billion for in million my of on our some that the these this thousand your";
/// More words than this are a sentence.
const LONGEST: usize = 3;
const CACHE: [&str; 3] = ["cache", "caching", "cached"];

/// As a part of a key: lower case, with `-` between the words.
pub fn slug(text: &str) -> String {
    let kept = text.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' });
    let slug: String = kept.collect();
    slug.split('-').filter(|part| !part.is_empty()).take(LONGEST).collect::<Vec<_>>().join("-")
}

/// The name after "cache" in the first clause that has one, else the one before it, else the first that there is.
pub fn in_words(words: &str) -> String {
    let clauses: Vec<Vec<&str>> = words
        .split([',', ';', ':', '(', ')', '!', '?', '\n'])
        .flat_map(|part| part.split(". "))
        .map(|clause| clause.split_whitespace().map(|word| word.trim_matches(|c: char| !c.is_alphanumeric())).collect())
        .collect();
    let named = |find: fn(&[&str]) -> Vec<String>| {
        clauses.iter().map(|clause| find(clause)).find(|name| !name.is_empty()).map(|name| slug(&name.join("-")))
    };
    [after, before, anywhere]
        .into_iter()
        .find_map(named)
        .filter(|name| !name.is_empty())
        .unwrap_or_else(|| "item".into())
}

fn cache(clause: &[&str]) -> Option<usize> {
    clause.iter().position(|word| CACHE.contains(word))
}

fn after(clause: &[&str]) -> Vec<String> {
    let rest = cache(clause).and_then(|at| clause.get(at + 1..)).unwrap_or_default();
    let links = |word: &&&str| is_in(LINKS, word) || word.starts_with(|c: char| c.is_ascii_digit());
    name(rest.iter().skip_while(links).copied())
}

fn before(clause: &[&str]) -> Vec<String> {
    let rest = cache(clause).and_then(|at| clause.get(..at)).unwrap_or_default();
    let nouns: Vec<&str> = rest.iter().rev().copied().take_while(|word| is_noun(word)).collect();
    name(nouns.into_iter().rev())
}

/// What is on the same server as the cache is not what is cached.
fn anywhere(clause: &[&str]) -> Vec<String> {
    if clause.contains(&"same") {
        return Vec::new();
    }
    name(clause.iter().copied().skip_while(|word| !is_noun(word)))
}

/// Keys name one thing each, so that a plural is none.
fn name<'a>(words: impl Iterator<Item = &'a str>) -> Vec<String> {
    let mut nouns: Vec<String> = words.take_while(|word| is_noun(word)).take(LONGEST).map(str::to_owned).collect();
    if let Some(last) = nouns.last_mut() {
        *last = singular(last);
    }
    nouns
}

fn singular(word: &str) -> String {
    if ["ss", "us", "is", "news", "series"].iter().any(|end| word.ends_with(end)) {
        return word.to_owned();
    }
    if let Some(stem) = word.strip_suffix("ies").filter(|stem| stem.len() > 1) {
        return format!("{stem}y");
    }
    if ["sses", "xes", "ches", "shes"].iter().any(|end| word.ends_with(end)) {
        return word.strip_suffix("es").unwrap_or(word).to_owned();
    }
    word.strip_suffix('s').filter(|stem| stem.len() > 2).unwrap_or(word).to_owned()
}

fn is_noun(word: &str) -> bool {
    word.len() > 1 && word.chars().all(char::is_alphabetic) && !is_in(NO_NOUNS, word) && !CACHE.contains(&word)
}

fn is_in(list: &str, word: &str) -> bool {
    list.split_whitespace().any(|one| one == word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_cached_is_told_from_the_words() {
        for (words, name) in [
            ("product pages, 2 million items of 3 kb, 20000 reads/s, python, origin postgres 40 ms", "product-page"),
            ("user profiles, read 5k/s", "user-profile"),
            ("cache for search results with redis-py", "search-result"),
            ("cache the rendered product pages of our shop (500k pages of 40kb)", "rendered-product-page"),
            ("we cache api responses from a slow partner, 200 ms", "api-response"),
            ("sessions for 1m users", "session"),
            ("our postgres is slow; cache user profile lookups", "user-profile-lookup"),
            ("llm responses cache", "llm-response"),
            ("design a cache for 2 million user profiles", "user-profile"),
            ("caching layer for the product catalog", "product-catalog"),
            ("cache 2 million carts of 3 kb, this is the only copy", "cart"),
            ("cache prices, never stale", "price"),
            ("redis cache", "item"),
            ("a read-heavy cache with 10 gb", "item"),
            ("cache categories", "category"),
            ("cache addresses", "address"),
            ("rate limits in the same redis as the cache", "item"),
            ("", "item"),
        ] {
            assert_eq!(in_words(words), name, "{words}");
        }
    }
}
