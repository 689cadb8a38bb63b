//! `kill -9` of the server loses no response that a tool has received.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use keystiled::domain::client::ClientKind;
use keystiled::domain::entropy::Entropy;
use keystiled::domain::secret::Secret;
use reqwest::Method;

use crate::support::app::Builder;
use crate::support::both_databases;
use crate::support::daemon::Daemons;
use crate::support::http::Anonymous;
use crate::support::oauth::Tokens;

const SESSIONS: usize = 12;
const KILLS: usize = 6;

/// What a tool presented, and what it received for it.
#[derive(Default)]
struct Tool {
    /// Its current refresh token.
    current: String,
    successors: BTreeMap<String, String>,
}

/// Refreshes continuously until told to stop; retries after a lost response.
async fn keep_refreshing(
    url: String,
    client: String,
    tool: Arc<Mutex<Tool>>,
    stop: Arc<AtomicBool>,
    done: Arc<AtomicUsize>,
) {
    let caller = Anonymous::at(&url);
    while !stop.load(Ordering::Relaxed) {
        let presented = tool.lock().unwrap().current.clone();
        let form =
            [("grant_type", "refresh_token"), ("refresh_token", &presented), ("client_id", client.as_str())];
        let sent = caller.request(Method::POST, "/oauth/token").form(&form).send().await;
        let Ok(answer) = sent else {
            tokio::time::sleep(Duration::from_millis(20)).await;
            continue;
        };
        let (status, body) = (answer.status().as_u16(), answer.text().await);
        // An incomplete response counts as none.
        let Ok(body) = body else { continue };
        if status == 503 {
            continue;
        }
        assert_eq!(status, 200, "{body}");
        let body: serde_json::Value = serde_json::from_str(&body).unwrap();
        let next = body["refresh_token"].as_str().unwrap().to_owned();
        done.fetch_add(1, Ordering::Relaxed);
        let mut tool = tool.lock().unwrap();
        let known = tool.successors.entry(presented).or_insert_with(|| next.clone());
        assert_eq!(*known, next, "each token has exactly one successor");
        tool.current = next;
    }
}

/// A random time of at most half a second.
fn a_while() -> Duration {
    let byte = Secret::random(Entropy).expose().bytes().map(u64::from).sum::<u64>();
    Duration::from_millis(50 + byte * 7919 % 450)
}

both_databases! {
    async fn a_server_killed_under_load_forgets_no_rotation_and_gives_no_second_successor(database) {
        let app = Builder::on(database).start().await;
        let client = app.client(ClientKind::Native).await;
        let owner = app.owner().await;
        let browser = app.browser_of(&owner).await;
        let mut tools = Vec::new();
        for _ in 0..SESSIONS {
            let session = app.session_in(&browser, &client, &owner).await;
            let current = session.tokens.refresh.clone();
            tools.push((session.tokens.session(), Arc::new(Mutex::new(Tool { current, ..Tool::default() }))));
        }
        let url = app.issuer().to_owned();
        let listen = app.address().to_string();
        let daemons = Daemons::new(
            &[
                ("KEYSTILE_PUBLIC_URL", url.clone()),
                ("KEYSTILE_LISTEN", listen),
                ("KEYSTILE_DATA_DIR", app.data_dir().display().to_string()),
                ("KEYSTILE_DATABASE_URL", app.database().url()),
                ("KEYSTILE_DATABASE__POOL_SIZE", "4".to_owned()),
            ],
            &url,
            app.data_dir(),
        );
        // Another server on the same data.
        let again = app.another_node();
        app.stop().await;

        let mut server = daemons.start().await;
        let (stop, done) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
        let working: Vec<_> = tools
            .iter()
            .map(|(_, tool)| {
                tokio::spawn(keep_refreshing(url.clone(), client.id.clone(), tool.clone(), stop.clone(), done.clone()))
            })
            .collect();
        for _ in 0..KILLS {
            let before = done.load(Ordering::Relaxed);
            while done.load(Ordering::Relaxed) < before + SESSIONS {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            tokio::time::sleep(a_while()).await;
            server.kill();
            server = daemons.start().await;
        }
        stop.store(true, Ordering::Relaxed);
        for task in working {
            task.await.unwrap();
        }
        server.kill();

        let app = again.start().await;
        for (id, tool) in &tools {
            let (current, rotations) = {
                let tool = tool.lock().unwrap();
                (tool.current.clone(), tool.successors.len())
            };
            let stored = app.stored(id).await;
            // A session starts with generation 1, and the response to the last rotation may be lost.
            let generation = usize::try_from(stored.generation).unwrap();
            assert!((rotations + 1..=rotations + 2).contains(&generation), "{generation} after {rotations}");
            assert!(stored.revoked_at.is_none());
            let tokens = Tokens::of(&app.refresh(&client, &current).await);
            assert_eq!(app.whoami(&tokens.access).await.status, 200);
        }
        let events = app.audit_of(&owner.organization.id).await;
        assert!(!events.iter().any(|action| action == "session.refresh_reuse"), "no reuse was recorded");
        app.stop().await;
    }
}
