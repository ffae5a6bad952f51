//! What to look at: places, a user, a password that never prints, and how far to trust TLS.

mod address;
mod book;
mod protocol;
mod secret;
mod tls;
mod url;

use std::collections::BTreeMap;
use std::fmt;

use redis::{Client, ConnectionAddr, IntoConnectionInfo, RedisConnectionInfo};

use super::Trouble;
use crate::facts::{Foreign, foreign};

pub use address::Address;
pub use book::Book;
pub use protocol::Protocol;
pub use secret::Secret;
pub use tls::Tls;

/// What we look at when nothing is said.
const DEFAULT_URL: &str = "redis://127.0.0.1:6379";

/// Environment variables that may name the target, the first one first.
const VARIABLES: [&str; 2] = ["GODMODE_REDIS_URL", "REDIS_URL"];

/// Where the first question goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reach {
    /// Servers of one deployment; the first that answers tells of the others.
    Servers(Vec<Address>),
    Sentinels {
        addresses: Vec<Address>,
        primary: String,
    },
}

/// A deployment to look at. `Debug` and `Display` show addresses and the user, never the password.
#[derive(Clone, PartialEq, Eq)]
pub struct Target {
    pub reach: Reach,
    pub user: Option<String>,
    pub password: Option<Secret>,
    /// Sentinels have users of their own; without these they are asked without a login.
    pub sentinel_user: Option<String>,
    pub sentinel_password: Option<Secret>,
    pub tls: Tls,
    pub protocol: Protocol,
    /// Announced addresses that do not resolve from here, and what to dial in their place.
    pub addresses: BTreeMap<String, Address>,
    /// No scans without a budget.
    pub protected: bool,
    /// The database that the URL names. What we look at is the whole server, so it narrows nothing by itself.
    pub database: Option<u32>,
}

impl Target {
    pub fn new(reach: Reach) -> Self {
        Self {
            reach,
            user: None,
            password: None,
            sentinel_user: None,
            sentinel_password: None,
            tls: Tls::default(),
            protocol: Protocol::default(),
            addresses: BTreeMap::new(),
            protected: false,
            database: None,
        }
    }

    /// The first of the variables that is set, or the default.
    pub fn from_environment() -> Result<Self, Trouble> {
        for name in VARIABLES {
            let origin = |trouble: Trouble| trouble.with_origin(&format!("environment variable {name}"));
            let Some(value) = std::env::var_os(name) else { continue };
            let url = value.into_string().map_err(|_| origin(Trouble::target("it is not UTF-8")))?;
            if is_set(&url) {
                return Self::parse(&url).map_err(origin);
            }
        }
        Self::parse(DEFAULT_URL)
    }

    /// A place as it is printed: what was given to us stands bare, what the deployment announces may be set apart.
    pub fn shown(&self, address: &Address) -> Foreign {
        let (Reach::Servers(given) | Reach::Sentinels { addresses: given, .. }) = &self.reach;
        let text = address.to_string();
        if given.contains(address) || self.addresses.contains_key(&text) {
            Foreign::given(&text)
        } else {
            Foreign::value(&text)
        }
    }

    /// One place of the deployment, through the map of addresses.
    pub fn at(&self, address: &Address) -> Endpoint {
        let mapped = self.addresses.get(&address.to_string());
        Endpoint {
            dial: mapped.unwrap_or(address).clone(),
            shown: mapped.map_or_else(|| self.shown(address), |mapped| Foreign::given(&mapped.to_string())),
            announced: address.clone(),
            user: self.user.clone(),
            password: self.password.clone(),
            tls: self.tls.clone(),
            protocol: self.protocol,
        }
    }

    /// A node by the address that a look over the deployment gave it.
    pub fn at_node(&self, shown: &Foreign) -> Result<Endpoint, Trouble> {
        let (Reach::Servers(given) | Reach::Sentinels { addresses: given, .. }) = &self.reach;
        match given.iter().find(|address| *shown == *address.to_string()) {
            Some(address) => Ok(self.at(address)),
            None => Ok(self.at(&Address::parse(shown.raw(), url::PORT)?)),
        }
    }

    /// The same for a Sentinel.
    pub fn at_sentinel(&self, address: &Address) -> Endpoint {
        Endpoint { user: self.sentinel_user.clone(), password: self.sentinel_password.clone(), ..self.at(address) }
    }
}

/// A variable that a plugin host left empty, or did not expand, is not set.
fn is_set(value: &str) -> bool {
    let value = value.trim();
    !value.is_empty() && !value.starts_with("${")
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (kind, addresses, name) = match &self.reach {
            Reach::Servers(addresses) => ("", addresses, String::new()),
            Reach::Sentinels { addresses, primary } => ("+sentinel", addresses, format!("/{primary}")),
        };
        let places: Vec<String> = addresses.iter().map(ToString::to_string).collect();
        write_url(f, kind, &self.tls, self.user.as_deref(), addresses.first(), &places.join(","))?;
        f.write_str(&name)
    }
}

impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Target({self})")
    }
}

/// One server of a target, with what it takes to get in.
#[derive(Clone)]
pub struct Endpoint {
    dial: Address,
    /// The same, as it is printed.
    shown: Foreign,
    announced: Address,
    user: Option<String>,
    password: Option<Secret>,
    tls: Tls,
    protocol: Protocol,
}

impl Endpoint {
    /// The address that the deployment itself uses.
    pub fn address(&self) -> &Address {
        &self.announced
    }

    /// What a TCP client would dial.
    pub fn host_and_port(&self) -> Option<(&str, u16)> {
        match &self.dial {
            Address::Tcp(host, port) => Some((host, *port)),
            Address::Unix(_) => None,
        }
    }

    /// The same for a server that can be spoken to without TLS.
    pub fn plain_address(&self) -> Option<(&str, u16)> {
        self.host_and_port().filter(|_| !self.tls.on)
    }

    pub fn protocol(&self) -> Protocol {
        self.protocol
    }

    pub fn uses_tls(&self) -> bool {
        self.tls.on
    }

    /// A client that sends nothing by itself but the login. The password is read here, and only here.
    pub async fn client(&self) -> Result<Client, Trouble> {
        let address = match &self.dial {
            Address::Tcp(host, port) if self.tls.on => ConnectionAddr::TcpTls {
                host: host.clone(),
                port: *port,
                insecure: self.tls.insecure,
                tls_params: None,
            },
            Address::Tcp(host, port) => ConnectionAddr::Tcp(host.clone(), *port),
            Address::Unix(path) => ConnectionAddr::Unix(path.clone()),
        };
        // We say CLIENT SETINFO and HELLO ourselves, where the server lists them; the library must not.
        let mut login = RedisConnectionInfo::default().set_skip_set_lib_name();
        if let Some(user) = &self.user {
            login = login.set_username(user);
        }
        if let Some(password) = &self.password {
            login = login.set_password(password.read().await?);
        }
        let trouble = |error: redis::RedisError| Trouble::from_redis(self, &error);
        let info = address.into_connection_info().map_err(trouble)?;
        let tcp = info.tcp_settings().clone().set_nodelay(true);
        let info = info.set_tcp_settings(tcp).set_redis_settings(login);
        match self.tls.certificates()? {
            Some(certificates) if self.tls.on => Client::build_with_tls(info, certificates).map_err(trouble),
            _ => Client::open(info).map_err(trouble),
        }
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_url(f, "", &self.tls, self.user.as_deref(), Some(&self.dial), &self.shown.to_string())
    }
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Endpoint({self})")
    }
}

fn write_url(
    f: &mut fmt::Formatter<'_>,
    kind: &str,
    tls: &Tls,
    user: Option<&str>,
    first: Option<&Address>,
    places: &str,
) -> fmt::Result {
    let scheme = match first {
        Some(Address::Unix(_)) => "unix",
        _ if tls.on => "rediss",
        _ => "redis",
    };
    let user = user.map(|user| format!("{}@", foreign::bounded(user, 60))).unwrap_or_default();
    write!(f, "{scheme}{kind}://{user}{places}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_variable_that_a_host_did_not_expand_is_not_set() {
        assert!(!is_set("") && !is_set(" ") && !is_set("${user_config.redis_url}") && is_set("redis://h"));
    }

    #[test]
    fn a_mapped_address_is_dialled_and_the_announced_one_is_shown() {
        let mut target = Target::parse("redis://:s3cret@a:1").unwrap();
        let announced = Address::Tcp("10.0.0.5".into(), 6379);
        target.addresses.insert(announced.to_string(), Address::Tcp("127.0.0.1".into(), 7001));
        let endpoint = target.at(&announced);
        assert_eq!((endpoint.to_string().as_str(), endpoint.address()), ("redis://127.0.0.1:7001", &announced));
        assert!(!format!("{endpoint:?}").contains("s3cret"));
    }
}
