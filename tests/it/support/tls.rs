//! A TLS proxy with a certificate of a private CA.

use std::net::{SocketAddr, TcpListener as StdListener};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, OnceLock};

use tempfile::TempDir;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

/// Creates the CA and a certificate for this machine.
const CERTIFICATES: &str = "set -e
new_key='-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes'
openssl req -x509 $new_key -keyout ca.key -out ca.pem -subj '/CN=An authority of our own' -days 2
openssl req $new_key -keyout server.key -out server.csr -subj /CN=127.0.0.1
printf 'subjectAltName=IP:127.0.0.1\nbasicConstraints=CA:FALSE\n' >extensions
openssl x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile extensions -out server.pem";

const SELF_SIGNED: &str = "set -e
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout server.key -out server.pem \\
    -subj /CN=127.0.0.1 -addext subjectAltName=IP:127.0.0.1 -days 2
cp server.pem ca.pem";

/// TLS address of a plain-text server.
pub(crate) struct TlsFront {
    address: SocketAddr,
    server: Arc<OnceLock<SocketAddr>>,
    folder: TempDir,
}

impl TlsFront {
    /// Listens on a free port; [`TlsFront::lead_to`] sets the target.
    pub(crate) fn start() -> Self {
        let folder = TempDir::new().unwrap();
        Self::with_certificates(folder, CERTIFICATES)
    }

    /// The same with one certificate that is its own authority, as `openssl req -x509` makes them.
    pub(crate) fn self_signed() -> Self {
        Self::with_certificates(TempDir::new().unwrap(), SELF_SIGNED)
    }

    fn with_certificates(folder: TempDir, script: &str) -> Self {
        let made = Command::new("sh").args(["-c", script]).current_dir(&folder).output();
        let made = made.unwrap();
        assert!(made.status.success(), "openssl makes no certificates: {made:?}");
        let acceptor = acceptor(folder.path());
        let listener = StdListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        listener.set_nonblocking(true).unwrap();
        let server = Arc::<OnceLock<SocketAddr>>::default();
        let leads_to = server.clone();
        tokio::spawn(async move {
            let listener = TcpListener::from_std(listener).unwrap();
            while let Ok((caller, _)) = listener.accept().await {
                tokio::spawn(serve(caller, acceptor.clone(), *leads_to.get().unwrap()));
            }
        });
        Self { address, server, folder }
    }

    pub(crate) fn url(&self) -> String {
        format!("https://{}", self.address)
    }

    pub(crate) fn lead_to(&self, server: SocketAddr) {
        self.server.set(server).unwrap();
    }

    /// The CA certificate.
    pub(crate) fn authority(&self) -> PathBuf {
        self.folder.path().join("ca.pem")
    }
}

fn acceptor(folder: &Path) -> TlsAcceptor {
    let certificate = CertificateDer::from_pem_file(folder.join("server.pem")).unwrap();
    let key = PrivateKeyDer::from_pem_file(folder.join("server.key")).unwrap();
    let config = ServerConfig::builder().with_no_client_auth().with_single_cert(vec![certificate], key);
    TlsAcceptor::from(Arc::new(config.unwrap()))
}

async fn serve(caller: TcpStream, acceptor: TlsAcceptor, server: SocketAddr) {
    // A client that does not trust the certificate hangs up.
    let Ok(mut caller) = acceptor.accept(caller).await else { return };
    let Ok(mut server) = TcpStream::connect(server).await else { return };
    let _ = copy_bidirectional(&mut caller, &mut server).await;
}
