//! The log of requests that carry secrets in the wrong place.

use reqwest::Method;
use tempfile::TempDir;

use crate::support::daemon::Daemons;
use crate::support::database::Database;
use crate::support::http::Anonymous;
use crate::support::ports::unused_address;

/// The form of a secret: 43 characters and a checksum.
const SECRET: &str = "Zq7Xw3Lm9Kd2Rt8Yv5Bn1Hc6Jf4Gs0Pa7Ue3Wi9Ox2Ck8Tz";

async fn log_of(format: &str) -> String {
    let (database, folder) = (Database::sqlite(), TempDir::new().unwrap());
    let listen = unused_address();
    let url = format!("http://{listen}");
    let daemons = Daemons::new(
        &[
            ("KEYSTILE_PUBLIC_URL", url.clone()),
            ("KEYSTILE_LISTEN", listen.to_string()),
            ("KEYSTILE_DATA_DIR", folder.path().display().to_string()),
            ("KEYSTILE_DATABASE_URL", database.url()),
            ("KEYSTILE_BRAND__TOKEN_PREFIX", "acme".to_owned()),
            ("KEYSTILE_LOG__LEVEL", "trace".to_owned()),
            ("KEYSTILE_LOG__FORMAT", format.to_owned()),
        ],
        &url,
        folder.path(),
    );
    let mut server = daemons.start().await;
    let caller = Anonymous::at(&url);
    let kinds = ["acme_live_", "acme_rt_", "keystile_pat_"];
    let jwt = format!("eyJ{SECRET}.eyJ{SECRET}");
    let sent = kinds.len() + 1;
    for token in kinds.map(|kind| format!("{kind}{SECRET}")).into_iter().chain([jwt]) {
        for path in [
            format!("/{token}"),
            format!("/api/v1/keys/{token}"),
            format!("/api/v1/whoami/{token}?api_key={token}"),
            format!("/c/{token}"),
            format!("/o/{token}/keys"),
            format!("/oauth/authorize?client_id={token}&redirect_uri=http://{token}/"),
        ] {
            // By the grammar of HTTP, any token is a valid method.
            for method in [Method::GET, Method::from_bytes(token.replace('.', "-").as_bytes()).unwrap()] {
                let request = caller.request(method, &path).header("x-request-id", &token);
                let request = request.header("user-agent", format!("curl {token}")).header("referer", &token);
                let answer = caller.send(request.bearer_auth(&token)).await;
                assert_ne!(answer.status, 500);
            }
        }
        let form = [("client_id", token.as_str()), ("grant_type", &token), ("refresh_token", &token)];
        caller.post("/oauth/token", &form).await;
    }
    let mut log = daemons.output();
    for _ in 0..100 {
        let answered = log.lines().filter(|line| line.contains("/oauth/token") && line.contains("answered"));
        if answered.count() == sent {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        log = daemons.output();
    }
    server.kill();
    log
}

#[tokio::test]
async fn ce_02_the_log_has_routes_and_only_the_start_of_a_token() {
    for format in ["text", "json"] {
        let log = log_of(format).await;
        assert!(!log.contains(&SECRET[..12]), "{:?}", log.lines().find(|line| line.contains(&SECRET[..12])));
        for route in ["/api/v1/keys/{id}", "/c/{code}", "/oauth/token", "\"none\""] {
            assert!(log.contains(route), "{route}: {log}");
        }
    }
}
