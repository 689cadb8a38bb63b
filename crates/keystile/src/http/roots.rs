//! The certificates to trust, where variables name them.

use std::path::{Path, PathBuf};

use reqwest::{Certificate, ClientBuilder};

use crate::env::Environment;
use crate::error::ErrorKind;

/// The variable of OpenSSL and other programs.
const SHARED: &str = "SSL_CERT_FILE";

/// Where systems other than macOS and Windows keep their certificates in one file.
const OF_SYSTEM: [&str; 5] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
];

/// The file of the tool's own variable, with certificates to trust in addition.
#[derive(Clone, Debug)]
pub(crate) struct CaBundle {
    pub(crate) variable: String,
    pub(crate) path: PathBuf,
}

/// Adds the certificates of the variables to a client.
pub(super) fn add(
    mut builder: ClientBuilder,
    bundle: Option<&CaBundle>,
    environment: &Environment,
) -> Result<ClientBuilder, ErrorKind> {
    // Without a directory, this file alone is trusted instead of the certificates of the system. Read here, because the
    // errors of the client name neither variable nor file.
    if let Some(path) = environment.get(SHARED).map(PathBuf::from) {
        let certificates = read(SHARED, &path)?;
        if environment.get("SSL_CERT_DIR").is_none() {
            builder = builder.tls_certs_only(certificates);
        }
    } else if cfg!(all(unix, not(target_vendor = "apple"))) && is_empty(SHARED) {
        // The client would look for a file without a name.
        let found = OF_SYSTEM.iter().find_map(|path| read("", Path::new(path)).ok());
        builder = found.into_iter().fold(builder, ClientBuilder::tls_certs_only);
    }
    match bundle {
        Some(CaBundle { variable, path }) => Ok(builder.tls_certs_merge(read(variable, path)?)),
        None => Ok(builder),
    }
}

/// Whether the variable of this process is set to nothing.
fn is_empty(variable: &str) -> bool {
    std::env::var_os(variable).is_some_and(|value| value.is_empty())
}

/// The certificates of a PEM file.
fn read(variable: &str, path: &Path) -> Result<Vec<Certificate>, ErrorKind> {
    let unusable = |cause: String| ErrorKind::Usage {
        message: format!("Cannot use the certificates in {}", path.display()),
        hint: Some(format!(
            "{cause}. {variable} names this file: set it to a PEM file with certificates, or unset it."
        )),
    };
    let pem = std::fs::read(path).map_err(|error| unusable(error.to_string()))?;
    let certificates = Certificate::from_pem_bundle(&pem).map_err(|error| unusable(error.to_string()))?;
    if certificates.is_empty() { Err(unusable("It has no certificate".into())) } else { Ok(certificates) }
}
