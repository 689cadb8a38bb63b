//! The protocol of kubectl's credential plugins: an `ExecCredential`.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::{Value, json};

use super::session;
use crate::base_url::BaseUrl;
use crate::context::Context;
use crate::error::ErrorKind;
use crate::session::{TokenNeed, USUAL_TTL};

/// The `ExecCredential` that kubectl passes in `KUBERNETES_EXEC_INFO`.
#[derive(Deserialize, Default)]
struct Info {
    #[serde(default, rename = "apiVersion")]
    api_version: Option<String>,
    #[serde(default)]
    spec: Spec,
}

#[derive(Deserialize, Default)]
struct Spec {
    #[serde(default)]
    cluster: Option<Cluster>,
}

#[derive(Deserialize)]
struct Cluster {
    server: BaseUrl,
}

/// With `provideClusterInfo` in the kubeconfig, prints the token only for the servers that the credential is bound to.
/// Without it, the cluster is unknown.
pub(super) async fn run(context: &Arc<Context>) -> Result<(), ErrorKind> {
    let info = context.environment.get("KUBERNETES_EXEC_INFO").map(read).transpose()?.unwrap_or_default();
    let session = session(context)?;
    if let Some(Cluster { server }) = &info.spec.cluster {
        let bound = session.api_base().await?;
        if !server.same_origin(&bound) && !server.same_origin(&session.home().await?) {
            return Err(ErrorKind::HostMismatch {
                source: session.source().clone(),
                asked: server.host(),
                bound: bound.host(),
            });
        }
    }
    let token = session.token(TokenNeed::Fresh { min_ttl: USUAL_TTL }).await?;
    let mut status = json!({ "token": token.secret() });
    if let Some(end) = token.expires_at() {
        status["expirationTimestamp"] = Value::from(end.format("%Y-%m-%dT%H:%M:%SZ").to_string());
    }
    context.output.json(&json!({
        "apiVersion": info.api_version.as_deref().unwrap_or("client.authentication.k8s.io/v1"),
        "kind": "ExecCredential",
        "status": status,
    }))
}

fn read(text: &str) -> Result<Info, ErrorKind> {
    serde_json::from_str(text).map_err(|error| ErrorKind::Usage {
        message: "KUBERNETES_EXEC_INFO is not valid".into(),
        hint: Some(format!("{error}.")),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cluster_is_read_if_the_kubeconfig_provides_it() {
        let info = read(
            r#"{"apiVersion":"client.authentication.k8s.io/v1beta1","kind":"ExecCredential",
                "spec":{"interactive":false,"cluster":{"server":"https://k8s.acme.dev"}}}"#,
        )
        .unwrap();
        assert_eq!(info.api_version.as_deref(), Some("client.authentication.k8s.io/v1beta1"));
        assert_eq!(info.spec.cluster.unwrap().server.as_str(), "https://k8s.acme.dev");
        assert!(read(r#"{"spec":{}}"#).unwrap().spec.cluster.is_none());
        assert!(read("nonsense").is_err());
    }
}
