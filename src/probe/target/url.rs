//! Reads a target from a URL. A general URL reader would end the password at the first `#` or `/`.

use percent_encoding::percent_decode_str;

use super::{Address, Protocol, Reach, Secret, Target, Tls};
use crate::probe::Trouble;

pub const PORT: u16 = 6379;
const SENTINEL_PORT: u16 = 26379;

impl Target {
    /// Reads `redis://`, `rediss://`, `unix://`, `redis+sentinel://` or plain `host:port`; several hosts are set apart by
    /// commas.
    ///
    /// Passwords may hold any character: only the last `@` ends them, and only valid `%XX` is decoded.
    pub fn parse(url: &str) -> Result<Self, Trouble> {
        let url = url.trim();
        if url.is_empty() {
            return Err(Trouble::target("it is empty"));
        }
        let (scheme, rest) = url.split_once("://").unwrap_or(("redis", url));
        match scheme {
            "redis" | "valkey" => servers(rest, false),
            "rediss" | "valkeys" => servers(rest, true),
            "redis+sentinel" | "valkey+sentinel" => sentinels(rest, false),
            "rediss+sentinel" | "valkeys+sentinel" => sentinels(rest, true),
            "unix" | "redis+unix" | "valkey+unix" => socket(rest),
            // What stands before :// is not repeated: in a URL gone wrong it may be a part of the password.
            _ => Err(Trouble::target(
                "the scheme is not one of redis://, rediss:// (TLS), redis+sentinel:// and unix://",
            )),
        }
    }
}

fn servers(rest: &str, tls: bool) -> Result<Target, Trouble> {
    let Parts { login, place, path, protocol } = parts(rest)?;
    let database = database(path)?;
    Ok(Target { protocol, database, ..target(Reach::Servers(addresses(place, PORT)?), login, tls) })
}

/// `host:26379,host:26379/name-of-the-primary`, with an optional database behind the name.
fn sentinels(rest: &str, tls: bool) -> Result<Target, Trouble> {
    let Parts { login, place, path, protocol } = parts(rest)?;
    let (primary, path) = path.split_once('/').unwrap_or((path, ""));
    let database = database(path)?;
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    if primary.is_empty() || !primary.chars().all(plain) {
        return Err(Trouble::target(
            "a redis+sentinel:// URL ends in the name of the primary, as in redis+sentinel://host:26379/mymaster",
        ));
    }
    let reach = Reach::Sentinels { addresses: addresses(place, SENTINEL_PORT)?, primary: primary.to_owned() };
    Ok(Target { protocol, database, ..target(reach, login, tls) })
}

fn socket(rest: &str) -> Result<Target, Trouble> {
    let (login, path) = match rest.split_once('@') {
        Some((login, path)) if !login.contains('/') => (Some(login), path),
        _ => (None, rest),
    };
    let (path, options) = path.split_once('?').map_or((path, None), |(path, options)| (path, Some(options)));
    if !path.starts_with('/') {
        return Err(Trouble::target("a unix:// URL needs an absolute path, as in unix:///run/redis.sock"));
    }
    let protocol = options.map_or(Ok(Protocol::default()), Protocol::from_options)?;
    Ok(Target { protocol, ..target(Reach::Servers(vec![Address::Unix(decoded(path).into())]), login, false) })
}

/// Login, hosts, what follows the first slash behind them, and the only option.
struct Parts<'a> {
    login: Option<&'a str>,
    place: &'a str,
    path: &'a str,
    protocol: Protocol,
}

fn parts(rest: &str) -> Result<Parts<'_>, Trouble> {
    let (login, place) = match rest.rsplit_once('@') {
        Some((login, place)) => (Some(login), place),
        None => (None, rest),
    };
    let (place, options) =
        place.split_once(['?', '#']).map_or((place, None), |(place, options)| (place, Some(options)));
    let protocol = options.map_or(Ok(Protocol::default()), Protocol::from_options)?;
    let (place, path) = place.split_once('/').unwrap_or((place, ""));
    Ok(Parts { login, place, path, protocol })
}

fn database(path: &str) -> Result<Option<u32>, Trouble> {
    if path.is_empty() {
        return Ok(None);
    }
    let number = path.parse::<u16>();
    let wrong = |_| Trouble::target("what follows the host must be a database number, as in /0");
    number.map(|number| Some(number.into())).map_err(wrong)
}

fn addresses(places: &str, port: u16) -> Result<Vec<Address>, Trouble> {
    places.split(',').map(|place| Address::parse(place.trim(), port)).collect()
}

fn target(reach: Reach, login: Option<&str>, tls: bool) -> Target {
    let (user, password) = login.map(credentials).unwrap_or_default();
    Target { user, password: password.map(Secret::Plain), tls: Tls { on: tls, ..Tls::default() }, ..Target::new(reach) }
}

/// `user:password`, `:password` or `user`, each percent-decoded.
fn credentials(login: &str) -> (Option<String>, Option<String>) {
    let (user, password) = match login.split_once(':') {
        Some((user, password)) => (user, Some(password)),
        None => (login, None),
    };
    let some = |text: &str| (!text.is_empty()).then(|| decoded(text));
    (some(user), password.and_then(some))
}

fn decoded(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn login(url: &str) -> (Option<String>, Option<Secret>) {
        let target = Target::parse(url).unwrap();
        (target.user, target.password)
    }

    #[test]
    fn a_password_may_hold_any_character() {
        let cases = [
            ("redis://:p%40ss%2Fw%3Ard@h:1", None, Some("p@ss/w:rd")),
            ("redis://:p@ss#w/r?d@h:1", None, Some("p@ss#w/r?d")),
            ("redis://ops:100%25@h:1", Some("ops"), Some("100%")),
            ("redis://ops:100%@h:1", Some("ops"), Some("100%")),
            ("redis://ops@h:1", Some("ops"), None),
            ("ops:secret@h:1", Some("ops"), Some("secret")),
            ("redis+sentinel://ops:s%2Cs@h:1,i:2/name", Some("ops"), Some("s,s")),
            ("redis://h:1", None, None),
        ];
        for (url, user, password) in cases {
            let expected = (user.map(str::to_owned), password.map(|text| Secret::Plain(text.into())));
            assert_eq!(login(url), expected, "{url}");
        }
    }

    #[test]
    fn the_protocol_is_an_option() {
        for url in
            ["redis://h", "h:1/0", "redis+sentinel://h/name", "unix:///run/redis.sock", "redis://:p?protocol=resp2@h"]
        {
            assert_eq!(Target::parse(url).unwrap().protocol, Protocol::Negotiated, "{url}");
            if !url.contains('?') {
                assert_eq!(Target::parse(&format!("{url}?protocol=resp2")).unwrap().protocol, Protocol::Resp2, "{url}");
                assert_eq!(Target::parse(&format!("{url}?protocol=resp3")).unwrap().protocol, Protocol::Resp3, "{url}");
            }
        }
    }

    #[test]
    fn addresses_print_without_their_password() {
        let cases = [
            ("redis://ops:s3cret@cache:7000/3", "redis://ops@cache:7000"),
            ("rediss://:s3cret@cache", "rediss://cache:6379"),
            ("redis://[::1]:7000", "redis://[::1]:7000"),
            ("[::1]", "redis://[::1]:6379"),
            ("::1", "redis://[::1]:6379"),
            ("cache", "redis://cache:6379"),
            ("valkey://a:1,b:2", "redis://a:1,b:2"),
            ("redis+sentinel://:s3cret@a,b:2/main/0", "redis+sentinel://a:26379,b:2/main"),
            ("unix:///run/redis.sock", "unix:///run/redis.sock"),
            ("unix://:s3cret@/run/redis.sock", "unix:///run/redis.sock"),
        ];
        for (url, shown) in cases {
            let target = Target::parse(url).unwrap();
            assert_eq!(target.to_string(), shown);
            assert!(!format!("{target:?}").contains("s3cret"));
        }
    }

    #[test]
    fn a_bad_url_is_refused_without_repeating_its_secret() {
        let cases = [
            ("http://:s3cret@h:80", "scheme"),
            ("redis://:s3cret@h:port", "port"),
            ("redis://:s3cret@h:0", "port"),
            ("redis://:s3cret@h:1/x", "database"),
            ("redis://:s3cret@h:1/0?tls=1", "options"),
            ("redis://:s3cret@h:1?protocol=resp4", "options"),
            ("unix:///run/redis.sock?db=1", "options"),
            ("redis://:s3cret@ho st:1", "host"),
            ("redis://default:s3cret:6379", "host"),
            ("redis://:s3cret%40127.0.0.1:6379", "host"),
            ("", "empty"),
            ("redis+sentinel://:s3cret@h:1", "name of the primary"),
            ("redis+sentinel://:s3cret@h:1/a%20b", "name of the primary"),
            ("unix://run/redis.sock", "absolute"),
        ];
        for (url, word) in cases {
            let said = Target::parse(url).unwrap_err().to_string();
            assert!(said.contains(word) && !said.contains("s3cret"), "{url}: {said}");
        }
    }
}
