//! How a server proves who it is, and how we do.

use std::path::{Path, PathBuf};

use redis::{ClientTlsConfig, TlsCertificates};

use crate::probe::Trouble;
use crate::probe::trouble::Obstacle;

/// TLS of a target. Without a CA file the system's roots are trusted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tls {
    pub on: bool,
    pub ca: Option<PathBuf>,
    /// Our own certificate and its key, where the server asks for one.
    pub identity: Option<(PathBuf, PathBuf)>,
    /// Believe any certificate. A report says so.
    pub insecure: bool,
}

impl Tls {
    /// The certificates in the form that the library takes; none when the system's roots are all there is.
    pub fn certificates(&self) -> Result<Option<TlsCertificates>, Trouble> {
        let root_cert = self.ca.as_deref().map(|ca| pem(ca, "CA")).transpose()?;
        let client_tls = match &self.identity {
            Some((certificate, key)) => {
                Some(ClientTlsConfig { client_cert: pem(certificate, "certificate")?, client_key: pem(key, "key")? })
            }
            None => None,
        };
        let any = root_cert.is_some() || client_tls.is_some();
        Ok(any.then_some(TlsCertificates { client_tls, root_cert }))
    }
}

fn pem(path: &Path, what: &str) -> Result<Vec<u8>, Trouble> {
    let bytes = std::fs::read(path).map_err(|error| {
        Trouble::new(Obstacle::Certificate, format!("The {what} file {} cannot be read ({error})", path.display()))
    })?;
    if !bytes.windows(11).any(|window| window == b"-----BEGIN ") {
        let says = format!("The {what} file {} is not in PEM form", path.display());
        return Err(Trouble::new(Obstacle::Certificate, says));
    }
    Ok(bytes)
}
